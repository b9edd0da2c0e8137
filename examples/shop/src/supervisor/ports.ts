import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';

/** Throws with one clear sentence when one of the ports is taken, and names who has it where the system tells. */
export async function claimPorts(ports: readonly number[]): Promise<void> {
  const taken: number[] = [];
  for (const port of ports) if (!(await isFree(port))) taken.push(port);
  if (taken.length === 0) return;
  const [port] = taken as [number];
  const others = taken.length > 1 ? ` (and ${taken.slice(1).join(', ')})` : '';
  throw new Error(
    `port ${port}${others} is in use by ${holderOf(port)}. End it, or set SHOP_PORT_BASE to run beside it (the shop uses ` +
      `the base + 80, 201 to 216; default base 7000).`,
  );
}

/** Does something accept connections there? */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(500, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Linux: the socket's inode from /proc/net, then the process that has it open. */
function holderOf(port: number): string {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readLines(table)) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(`:${hexPort}`) && fields[3] === LISTEN) inodes.add(`socket:[${fields[9]}]`);
    }
  }
  for (const pid of list('/proc').filter((name) => /^\d+$/.test(name))) {
    if (list(`/proc/${pid}/fd`).some((name) => inodes.has(linkOf(`/proc/${pid}/fd/${name}`)))) {
      const command = readLines(`/proc/${pid}/cmdline`).join('').split('\0').join(' ').trim();
      return `process ${pid} (${command})`;
    }
  }
  return 'another process';
}

const LISTEN = '0A';

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}
