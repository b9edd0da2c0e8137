import type { buildConnector } from 'undici';
import { systemCodeOf } from '../support/errors.js';
import type { StreamPlan } from './driver.js';
import { openSocket, readyEvent, type Origin } from './origin.js';

/**
 * undici tells of a broken connection inside the socket's `close` event, sometimes as a parser's complaint that the body
 * is too short. Our listener runs before undici's, so this says what really happened to that socket: a reset, or nothing.
 */
export interface ClosingSocket {
  /** The system error of the socket that is closing just now; undefined for a FIN. */
  errorCode: string | undefined;
}

/**
 * Opens undici's connections: one attempt, no longer than the longest deadline, so that an attempt that got stuck in a
 * black hole doesn't hold its place in the pool for minutes.
 */
export function connectorFor(
  origin: Origin,
  tls: StreamPlan['tls'],
  timeLimitMs: number,
  closing: ClosingSocket,
): buildConnector.connector {
  return (_options, callback) => {
    const socket = openSocket(origin, tls);
    let errorCode: string | undefined;
    let told = false;
    const timer = setTimeout(() => {
      socket.destroy(Object.assign(new Error(`no connection within ${timeLimitMs} ms`), { code: 'ETIMEDOUT' }));
    }, timeLimitMs);
    socket.once(readyEvent(origin), () => {
      clearTimeout(timer);
      if (told) return;
      told = true;
      callback(null, socket);
    });
    socket.on('error', (error) => {
      errorCode = systemCode(error);
      clearTimeout(timer);
      if (told) return;
      told = true;
      callback(error, null);
    });
    socket.on('close', () => {
      closing.errorCode = errorCode;
      clearTimeout(timer);
      if (told) return;
      // A handshake that ends without a word, such as a FIN to the client hello.
      told = true;
      callback(Object.assign(new Error('closed while connecting'), { code: 'ECONNRESET' }), null);
    });
  };
}

/** Codes of the operating system only: undici also destroys sockets with errors of its own. */
function systemCode(error: unknown): string | undefined {
  const code = systemCodeOf(error);
  return code !== undefined && /^E[A-Z]+$/.test(code) ? code : undefined;
}
