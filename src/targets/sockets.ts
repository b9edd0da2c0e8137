import { isIPv6 } from 'node:net';
import { lookup } from 'node:dns/promises';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { parseAddress } from '../support/units.js';
import { PlimsollError } from '../support/errors.js';
import { allPids } from './process.js';

/** A line of `/proc/net/tcp` or `tcp6`. Addresses in the kernel's own hexadecimal, upper case. */
interface TcpSocket {
  localAddress: string;
  localPort: number;
  remotePort: number;
  state: 'listening' | 'established' | 'other';
  inode: string;
  /** Of the user whose process made it. */
  uid: number;
}

/** The pids that listen on `host:port` on this machine. Several when they share the socket (a cluster, a fork). */
export async function pidsListeningOn(address: string): Promise<number[]> {
  const inodes = new Set((await listenersAt(address)).map((socket) => socket.inode));
  return inodes.size === 0 ? [] : ownersOf(inodes);
}

/**
 * The user ids whose processes listen on `host:port`, ascending. The kernel tells them of all users, also where the
 * processes themselves may not be looked into.
 */
export async function usersListeningOn(address: string): Promise<number[]> {
  return [...new Set((await listenersAt(address)).map((socket) => socket.uid))].sort((a, b) => a - b);
}

async function listenersAt(address: string): Promise<TcpSocket[]> {
  const parsed = parseAddress(address);
  if (!parsed.ok) throw new PlimsollError({ code: 'bad_address', message: parsed.problem, kind: 'usage' });
  const { host, port } = parsed.value;
  const accepted = await listenersFor(host);
  return tcpSockets().filter(
    (socket) => socket.state === 'listening' && socket.localPort === port && accepted.has(socket.localAddress),
  );
}

/**
 * How many established connections have this port at their local end: clients of a listener on this machine.
 *
 * @param pid look into the network namespace of this process (a container's) instead of our own.
 */
export function establishedOn(port: number, pid?: number): number {
  return tcpSockets(pid).filter((socket) => socket.state === 'established' && socket.localPort === port).length;
}

/**
 * A process in the network namespace, other than ours, in which somebody listens on the port: the inside of the container
 * whose port it is. Undefined where there is none, or more than one and so no telling which is meant.
 */
export function namespaceListeningOn(port: number): number | undefined {
  const listeners = (pid?: number): string[] =>
    tcpSockets(pid)
      .filter((socket) => socket.state === 'listening' && socket.localPort === port)
      .map(({ inode }) => inode);
  const own = networkNamespace('self');
  const ownListeners = new Set(listeners());
  const looked = new Set<string>();
  const found = new Map<string, number>();
  for (const pid of allPids()) {
    const namespace = networkNamespace(pid);
    if (namespace !== undefined && (namespace === own || looked.has(namespace))) continue;
    if (namespace !== undefined) looked.add(namespace);
    // An inode is a socket's name on the whole machine: one that another process showed already is the same listener.
    for (const inode of listeners(pid)) if (!ownListeners.has(inode) && !found.has(inode)) found.set(inode, pid);
  }
  return found.size === 1 ? [...found.values()][0] : undefined;
}

/** The TCP ports on which processes with a working folder at or below `folder` listen, ascending. Empty where /proc is missing. */
export function portsListenedBelow(folder: string): number[] {
  const listening = new Map(
    tcpSockets()
      .filter(({ state }) => state === 'listening')
      .map(({ inode, localPort }) => [inode, localPort]),
  );
  if (listening.size === 0) return [];
  const inside = (pid: number): boolean => {
    try {
      const cwd = readlinkSync(`/proc/${pid}/cwd`);
      return cwd === folder || cwd.startsWith(`${folder}/`);
    } catch {
      return false;
    }
  };
  // Only the few processes inside are looked into: a machine may have thousands of sockets and of descriptors.
  const ports = allPids()
    .filter(inside)
    .flatMap((pid) => socketsOf(pid).flatMap((inode) => listening.get(inode) ?? []));
  return [...new Set(ports)].sort((a, b) => a - b);
}

/** Undefined where the process has ended or is another user's. */
function networkNamespace(pid: number | 'self'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}

/** The local addresses, as the kernel writes them, whose listeners get a connection to `host`. */
async function listenersFor(host: string): Promise<Set<string>> {
  const accepted = new Set([hex4('0.0.0.0'), ANY6]);
  for (const { address } of await lookup(host, { all: true })) {
    if (isIPv6(address)) accepted.add(hex6(address));
    else accepted.add(hex4(address)).add(`0000000000000000FFFF0000${hex4(address)}`);
  }
  return accepted;
}

function tcpSockets(pid: number | 'self' = 'self'): TcpSocket[] {
  return [`/proc/${pid}/net/tcp`, `/proc/${pid}/net/tcp6`].flatMap((file) => {
    let text: string;
    try {
      text = readFileSync(file, 'latin1');
    } catch {
      return []; // No IPv6 here, no /proc, or the process has ended.
    }
    return text
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const fields = line.trim().split(/\s+/);
        const [localAddress, localPort] = (fields[1] ?? '').split(':');
        const remotePort = (fields[2] ?? '').split(':')[1];
        if (!localAddress || !localPort || !remotePort) return [];
        const state = fields[3] === '0A' ? 'listening' : fields[3] === '01' ? 'established' : 'other';
        return [
          {
            localAddress,
            localPort: Number.parseInt(localPort, 16),
            remotePort: Number.parseInt(remotePort, 16),
            state,
            inode: fields[9] ?? '',
            uid: Number(fields[7]),
          } as const,
        ];
      });
  });
}

function ownersOf(inodes: ReadonlySet<string>): number[] {
  return allPids().filter((pid) => socketsOf(pid).some((inode) => inodes.has(inode)));
}

/** The inodes of a process's sockets; none where it has ended meanwhile or is another user's: that is never a target. */
function socketsOf(pid: number): string[] {
  let descriptors: string[];
  try {
    descriptors = readdirSync(`/proc/${pid}/fd`);
  } catch {
    return [];
  }
  return descriptors.flatMap((descriptor) => {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1];
      return inode === undefined ? [] : [inode];
    } catch {
      return [];
    }
  });
}

const ANY6 = '0'.repeat(32);

/** 127.0.0.1 → 0100007F: the kernel prints each 32-bit word in the machine's byte order (little-endian here). */
function hex4(address: string): string {
  return word(address.split('.').map(Number));
}

function hex6(address: string): string {
  const [head = '', tail = ''] = address.replace(/%.*$/, '').split('::');
  const first = head ? head.split(':') : [];
  const last = tail ? tail.split(':') : [];
  const groups = [...first, ...Array<string>(Math.max(0, 8 - first.length - last.length)).fill('0'), ...last];
  const bytes = groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]);
  return [0, 4, 8, 12].map((at) => word(bytes.slice(at, at + 4))).join('');
}

function word(bytes: number[]): string {
  return bytes
    .reverse()
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase();
}
