/** The ways to the origin that are compared, each with its ports, and a process to look at where there is one. */
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {{ echo: number, transfer: number, silent: number }} Ports
 * @typedef {{ name: string, ports: Ports, pid?: number, api?: string }} Way
 */

/** @returns {Promise<{ ways: Way[], stop: () => Promise<void> }>} */
export async function startWays() {
  const children = [];
  const folder = await mkdtemp(join(tmpdir(), 'plimsoll-bench-'));
  const stop = async () => {
    for (const child of children) child.kill('SIGTERM');
    await rm(folder, { recursive: true });
  };
  try {
    const origin = fork(fileURLToPath(new URL('origin.js', import.meta.url)), { execArgv: [] });
    children.push(origin);
    const [ports] = await once(origin, 'message');
    const ways = [{ name: 'direct', ports }];

    const apiPort = await freePort();
    const program = process.env.TOXIPROXY_SERVER ?? 'toxiproxy-server';
    const toxiproxy = await start(children, program, ['-host', '127.0.0.1', '-port', String(apiPort)], apiPort);
    if (toxiproxy) ways.push(await controlled('Toxiproxy', toxiproxy, `http://127.0.0.1:${apiPort}`, ports));

    const ours = fork(fileURLToPath(new URL('../../dist/proxy/main.js', import.meta.url)), ['-port', '0'], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
    });
    children.push(ours);
    const [hello] = await once(ours, 'message');
    ways.push(await controlled('ours', ours, hello.url, ports));

    const haproxy = await startHaproxy(children, folder, ports);
    if (haproxy) ways.push(haproxy);
    return { ways, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A call of the Toxiproxy API. */
export async function call(url, body, method = 'POST') {
  const response = await fetch(url, { method, ...(body && { body: JSON.stringify(body) }) });
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${await response.text()}`);
  return response.status === 204 ? undefined : response.json();
}

async function controlled(name, child, api, ports) {
  const own = {};
  for (const kind of Object.keys(ports)) {
    const proxy = await call(`${api}/proxies`, {
      name: kind,
      listen: '127.0.0.1:0',
      upstream: `127.0.0.1:${ports[kind]}`,
    });
    own[kind] = Number(proxy.listen.split(':')[1]);
  }
  return { name, api, pid: child.pid, ports: own };
}

async function startHaproxy(children, folder, ports) {
  const own = {};
  const lines = ['defaults', '  mode tcp'];
  for (const kind of ['connect', 'client', 'server']) lines.push(`  timeout ${kind} 60s`);
  for (const kind of Object.keys(ports)) {
    own[kind] = await freePort();
    lines.push(`listen ${kind}`, `  bind 127.0.0.1:${own[kind]}`, `  server s 127.0.0.1:${ports[kind]}`);
  }
  const file = join(folder, 'haproxy.cfg');
  await writeFile(file, `${lines.join('\n')}\n`);
  const child = await start(children, 'haproxy', ['-db', '-q', '-f', file], own.silent);
  return child && { name: 'haproxy', pid: child.pid, ports: own };
}

/** @returns the process once the port answers, or undefined where the program is missing */
async function start(children, program, args, port) {
  const child = spawn(program, args, { stdio: 'ignore' });
  const missing = once(child, 'error').then(() => true);
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (await Promise.race([missing, pause(50)])) break;
    if (await answers(port)) {
      children.push(child);
      return child;
    }
  }
  child.kill('SIGKILL');
  console.log(`${program} cannot be started: without the comparison`);
  return undefined;
}

async function answers(port) {
  const socket = connect(port, '127.0.0.1');
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  }).finally(() => socket.destroy());
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function pause(ms) {
  await new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
