import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, sleep } from './peers.js';

/** A real Redis without persistence, on a port of its own. */
export class RedisServer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    readonly port: number,
  ) {}

  static async start(program: string): Promise<RedisServer> {
    const folder = mkdtempSync(join(tmpdir(), 'plimsoll-redis-'));
    const port = await freePort();
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder];
    const child = spawn(program, args, { stdio: 'ignore' });
    const server = new RedisServer(child, folder, port);
    for (let attempt = 0; attempt < 200; attempt += 1) {
      try {
        (await RedisClient.dial(port)).close();
        return server;
      } catch {
        await sleep(50);
      }
    }
    await server[Symbol.asyncDispose]();
    throw new Error(`redis-server does not answer on port ${port}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null) {
      const exit = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      await exit;
    }
    rmSync(this.folder, { recursive: true });
  }
}

/** One connection to Redis. Commands may be sent before the answers to earlier ones have come. */
export class RedisClient {
  readonly #waiting: { resolve: (reply: Buffer | undefined) => void; reject: (error: Error) => void }[] = [];
  #unread = Buffer.alloc(0);

  private constructor(private readonly socket: Socket) {
    socket.on('data', (data) => {
      this.#unread = Buffer.concat([this.#unread, data]);
      while (this.#readReply());
    });
    const end = (): void => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('the connection has ended'));
    };
    socket.on('error', end).on('end', end).on('close', end);
  }

  static async dial(port: number): Promise<RedisClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new RedisClient(socket);
  }

  /** @returns the bytes of the answer, a number as its digits; undefined for nil. Rejects on an error or a lost connection. */
  async ask(...words: (string | Buffer)[]): Promise<Buffer | undefined> {
    if (this.socket.destroyed || this.socket.readableEnded) throw new Error('the connection has ended');
    const parts = [Buffer.from(`*${words.length}\r\n`)];
    for (const word of words) {
      const bytes = Buffer.from(word);
      parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.socket.write(Buffer.concat(parts));
    });
  }

  close(): void {
    this.socket.destroy();
  }

  #readReply(): boolean {
    const lineEnd = this.#unread.indexOf('\r\n');
    if (lineEnd < 0) return false;
    const kind = String.fromCharCode(this.#unread[0] ?? 0);
    const line = this.#unread.subarray(1, lineEnd);
    let end = lineEnd + 2;
    let reply: Buffer | undefined = line;
    if (kind === '$') {
      const length = Number(line.toString());
      if (this.#unread.length < end + Math.max(length + 2, 0)) return false;
      reply = length < 0 ? undefined : this.#unread.subarray(end, end + length);
      if (length >= 0) end += length + 2;
    }
    this.#unread = this.#unread.subarray(end);
    const asker = this.#waiting.shift();
    if (!asker || !['+', ':', '$'].includes(kind)) {
      const error = new Error(`Redis sent ${kind}${line.toString('latin1').slice(0, 80)}`);
      if (!asker) this.socket.destroy(error);
      else asker.reject(error);
    } else asker.resolve(reply);
    return true;
  }
}
