import { connect, type Socket } from 'node:net';
import { BadAnswer, Closed } from './failures.js';

export interface Exchange {
  question: Uint8Array;
  /** Sees all that has come so far: is it the whole answer? Throws `BadAnswer` when it can't become one. */
  complete(answer: Buffer): boolean;
}

const LONGEST_ANSWER = 1024 * 1024;

/** Connects, runs one or more questions one after another, and times the last. */
export async function exchange(
  at: { host: string; port: number },
  signal: AbortSignal,
  tell: (socket: Socket) => void,
  ...exchanges: [Exchange, ...Exchange[]]
): Promise<{ roundTripMs: number; bytes: number }> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ ...at, noDelay: true });
    tell(socket);
    let step = 0;
    let answer = Buffer.alloc(0);
    let askedMs = 0;
    let bytes = 0;
    const ask = () => {
      const current = exchanges[step];
      if (!current) return;
      answer = Buffer.alloc(0);
      askedMs = performance.now();
      socket.write(current.question);
    };
    const onData = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > LONGEST_ANSWER) throw new BadAnswer(`more than ${LONGEST_ANSWER} bytes came back`);
      answer = Buffer.concat([answer, chunk]);
      if (!exchanges[step]?.complete(answer)) return;
      const roundTripMs = performance.now() - askedMs;
      step++;
      if (step < exchanges.length) ask();
      else resolve({ roundTripMs, bytes });
    };
    socket.once('connect', ask);
    socket.on('data', (chunk: Buffer) => {
      try {
        onData(chunk);
      } catch (error) {
        reject(error instanceof Error ? error : new BadAnswer(String(error)));
      }
    });
    socket.on('error', reject);
    socket.once('close', () => reject(new Closed('the connection ended without a whole answer')));
    signal.addEventListener('abort', () => reject(new Error('too late')), { once: true });
  });
}
