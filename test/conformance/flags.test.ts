import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ApiClient, type ProxyJson } from '../proxy/support/api-client.js';
import { dial, freePort, Origin, sleep } from '../proxy/support/peers.js';
import { describeWith, programOf } from '../support/needs.js';

const MAIN = fileURLToPath(new URL('../../dist/proxy/main.js', import.meta.url));

interface Program {
  command: string;
  before: string[];
}

interface Started {
  api: ApiClient;
  /** What it printed so far, line by line. */
  lines(): string[];
  child: ChildProcess;
  /** Ends it with SIGTERM. @returns its exit status */
  stop(): Promise<number | null>;
}

/** Toxiproxy's own flags and environment, on both programs. */
function onBothPrograms(subject: string, cases: (program: Program) => void): void {
  describe(`embedded: ${subject}`, () => cases({ command: process.execPath, before: [MAIN] }));
  describeWith(['toxiproxy'], `Toxiproxy: ${subject}`, () =>
    cases({ command: programOf('toxiproxy') ?? 'toxiproxy-server', before: [] }),
  );
}

async function start(program: Program, flags: string[], env: Record<string, string> = {}): Promise<Started> {
  const port = await freePort();
  const child = spawn(program.command, [...program.before, '-host', '127.0.0.1', '-port', String(port), ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LOG_LEVEL: 'info', ...env },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (text += data.toString()));
  const api = new ApiClient(`http://127.0.0.1:${port}`);
  for (let attempt = 0; ; attempt += 1) {
    try {
      await api.get('/version');
      break;
    } catch (error) {
      if (attempt === 500) throw error;
      await sleep(20);
    }
  }
  return {
    api,
    child,
    lines: () => text.split('\n').filter(Boolean),
    stop: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      return ((await exited) as [number | null])[0];
    },
  };
}

onBothPrograms('flags and environment', (program) => {
  async function withFile(text: string, use: (file: string) => Promise<void>): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'proxy-config-'));
    try {
      const file = join(folder, 'toxiproxy.json');
      await writeFile(file, text);
      await use(file);
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  it('has no metrics page without a flag, and ends with status 0', async () => {
    const server = await start(program, []);
    const reply = await server.api.get('/metrics');
    expect([reply.status, reply.text]).toEqual([404, '404 page not found\n']);
    expect(reply.headers).not.toHaveProperty('x-toxiproxy-request-id');
    expect(await server.stop()).toBe(0);
  });

  it('-config creates the proxies of a file, before the API answers', async () => {
    const port = await freePort();
    const listed = [
      { name: 'web', listen: '[::]:0', upstream: 'web.example:80', enabled: true },
      { name: 'cache', listen: `127.0.0.1:${port}`, upstream: 'localhost:6379' },
      { name: 'off', listen: 'localhost:26379', upstream: 'localhost:6379', enabled: false },
    ];
    await withFile(JSON.stringify(listed, undefined, 2), async (config) => {
      const server = await start(program, ['-config', config]);
      const proxies = (await server.api.get('/proxies')).json() as Record<string, ProxyJson>;
      expect(Object.keys(proxies)).toEqual(['cache', 'off', 'web']);
      expect(proxies['cache']).toMatchObject({ ...listed[1], enabled: true, toxics: [] });
      expect(proxies['off']).toMatchObject({ ...listed[2], toxics: [] });
      expect(proxies['web']?.listen).toMatch(/^\[::\]:\d+$/);
      expect(server.lines().join('\n')).toContain('"message":"Populated proxies from file"');
      await server.stop();
    });
  });

  it.each([
    ['is no JSON', '[{"name":"x",'],
    ['lacks a name', '[{"listen":"127.0.0.1:0","upstream":"x:1"}]'],
  ])('-config: a file that %s is logged, and the server starts', async (_what, text) => {
    await withFile(text, async (config) => {
      const server = await start(program, ['-config', config]);
      expect((await server.api.get('/proxies')).text).toBe('{}');
      expect(server.lines().some((line) => line.includes('"level":"error"'))).toBe(true);
      await server.stop();
    });
  });

  it('-config: a missing file is logged, and the server starts', async () => {
    const server = await start(program, ['-config', '/no/such/file.json']);
    expect((await server.api.get('/proxies')).text).toBe('{}');
    const logged = server.lines().map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(logged.find(({ level }) => level === 'error')).toMatchObject({ config: '/no/such/file.json' });
    await server.stop();
  });

  it('-config: what cannot listen ends the list, the ones before stay', async () => {
    await using busy = await Origin.start();
    const list = [
      { name: 'a', listen: '127.0.0.1:0', upstream: 'x:1' },
      { name: 'b', listen: busy.address, upstream: 'x:1' },
      { name: 'c', listen: '127.0.0.1:0', upstream: 'x:1' },
    ];
    await withFile(JSON.stringify(list), async (config) => {
      const server = await start(program, ['-config', config]);
      expect(Object.keys((await server.api.get('/proxies')).json() as object)).toEqual(['a']);
      expect(server.lines().join('\n')).toContain('bind: address already in use');
      await server.stop();
    });
  });

  it.each([
    ['info', true, true],
    ['warn', false, true],
    ['fatal', false, false],
  ])('LOG_LEVEL=%s: one JSON object a line, from that level on', async (level, infos, errors) => {
    const server = await start(program, ['-config', '/no/such/file.json'], { LOG_LEVEL: level });
    const levels = server.lines().map((line) => (JSON.parse(line) as { level: string }).level);
    expect([levels.includes('info'), levels.includes('error')]).toEqual([infos, errors]);
    await server.stop();
  });

  it('-proxy-metrics: the same names, help, labels and figures', async () => {
    await using origin = await Origin.echo();
    const server = await start(program, ['-proxy-metrics']);
    const proxy = await server.api.proxy(origin.address, { name: 'quo"te\\d' });
    const client = await dial(proxy.listen);
    client.socket.write(Buffer.alloc(1234));
    await client.until(1234);
    client.socket.end();
    await client.ending();
    await sleep(100);
    const text = (await server.api.get('/metrics')).text;
    const ours = text.split('\n').filter((line) => line.includes('toxiproxy_proxy_'));
    const labels = (direction: string): string =>
      `{direction="${direction}",listener="${proxy.listen}",proxy="quo\\"te\\\\d",upstream="${origin.address}"}`;
    const family = (what: string): unknown[] => [
      expect.stringMatching(new RegExp(`^# HELP toxiproxy_proxy_${what}_bytes_total `)),
      `# TYPE toxiproxy_proxy_${what}_bytes_total counter`,
      `toxiproxy_proxy_${what}_bytes_total${labels('downstream')} 1234`,
      `toxiproxy_proxy_${what}_bytes_total${labels('upstream')} 1234`,
    ];
    expect(ours).toEqual([...family('received'), ...family('sent')]);
    await server.stop();
  });

  it('-runtime-metrics: the names of a process that both runtimes have', async () => {
    const server = await start(program, ['-runtime-metrics']);
    const { text } = await server.api.get('/metrics');
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'process_virtual_memory_bytes',
      'process_start_time_seconds',
      'process_open_fds',
      'process_max_fds',
    ]) {
      expect(text).toMatch(new RegExp(`^${name} [\\d.e+]+$`, 'm'));
    }
    expect(text).not.toContain('toxiproxy_proxy_');
    await server.stop();
  });

  it('-seed takes any whole number', async () => {
    const server = await start(program, [
      '-seed',
      '-9223372036854775808',
      '-proxy-metrics=true',
      '--runtime-metrics=0',
    ]);
    expect((await server.api.get('/metrics')).text).not.toContain('process_');
    expect(await server.stop()).toBe(0);
  });

  it.each([['-no-such-flag'], ['-port'], ['-seed', 'x']])('refuses %s with status 2', async (...flags) => {
    const child = spawn(program.command, [...program.before, ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (data: Buffer) => (said += data.toString()));
    const [status] = (await once(child, 'close')) as [number | null];
    expect(status).toBe(2);
    expect(said).toMatch(/^(flag |invalid value )/);
    expect(said).toContain('-proxy-metrics');
  });
});
