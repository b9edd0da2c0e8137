import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** One end of a TCP connection in a test: what came, when, and how it ended. */
export class Peer {
  readonly arrivals: { atMs: number; data: Buffer }[] = [];
  /** `fin` or `reset`; never settles while the connection lives. */
  readonly ended: Promise<'fin' | 'reset'>;
  endedAtMs: number | undefined;
  #length = 0;
  #wake: () => void = () => undefined;

  constructor(readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (data) => {
      this.arrivals.push({ atMs: performance.now(), data });
      this.#length += data.length;
      this.#wake();
    });
    this.ended = new Promise((resolve) => {
      const end = (how: 'fin' | 'reset'): void => {
        this.endedAtMs ??= performance.now();
        resolve(how);
        this.#wake();
      };
      socket.once('end', () => end('fin'));
      socket.once('error', () => end('reset'));
    });
  }

  get length(): number {
    return this.#length;
  }

  get data(): Buffer {
    return Buffer.concat(this.arrivals.map(({ data }) => data));
  }

  get text(): string {
    return this.data.toString();
  }

  /** Wait for so many bytes in all; throws after the limit. */
  async until(bytes: number, limitMs = 5000): Promise<void> {
    const deadline = performance.now() + limitMs;
    while (this.#length < bytes) {
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`${this.#length} of ${bytes} bytes after ${limitMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** `fin`, `reset`, or `open` after so many ms. */
  async ending(limitMs = 3000): Promise<'fin' | 'reset' | 'open'> {
    return Promise.race([this.ended, sleep(limitMs).then(() => 'open' as const)]);
  }
}

/** A server in a test, whose connections come as peers, in order. */
export class Origin {
  readonly peers: Peer[] = [];
  #waiting: ((peer: Peer) => void)[] = [];
  #taken = 0;

  private constructor(private readonly server: Server) {}

  static async start(onPeer: (peer: Peer) => void = () => undefined, host = '127.0.0.1'): Promise<Origin> {
    const server = createServer({ allowHalfOpen: true });
    const origin = new Origin(server);
    server.on('connection', (socket) => {
      const peer = new Peer(socket);
      origin.peers.push(peer);
      onPeer(peer);
      origin.#waiting.shift()?.(peer);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, host, resolve);
    });
    return origin;
  }

  /** Sends back what it gets, and closes when the client does. */
  static async echo(): Promise<Origin> {
    return Origin.start(({ socket }) => {
      socket.on('data', (data) => socket.write(data)).on('end', () => socket.end());
    });
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** The next connection that was not taken yet. */
  async next(): Promise<Peer> {
    const peer = this.peers[this.#taken];
    this.#taken += 1;
    if (peer) return peer;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.peers) socket.destroy();
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
    });
  }
}

export async function dial(address: string): Promise<Peer> {
  const socket = connect({ host: '127.0.0.1', port: portOf(address), allowHalfOpen: true, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject);
  });
  return new Peer(socket);
}

/** The code of the error, or `connected`. */
export async function tryDial(address: string): Promise<string> {
  try {
    (await dial(address)).socket.destroy();
    return 'connected';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  return port;
}

export async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
