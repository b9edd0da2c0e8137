import type { Socket } from 'node:net';
import { messageOf, systemCodeOf } from '../support/errors.js';
import { formatMs, parseAddress } from '../support/units.js';
import { Closed } from './canaries/failures.js';
import { http } from './canaries/http.js';
import { http2 } from './canaries/http2.js';
import { mqtt } from './canaries/mqtt.js';
import { redis } from './canaries/redis.js';
import { tcp } from './canaries/tcp.js';
import type { CanaryResult, LinkCanary, LinkProtocol } from './targets.js';

/** What canaries moved through a link at most (a fault may have swallowed it), to tell it from the system's own traffic. */
export interface OwnBytes {
  sent: number;
  received: number;
  connections: number;
}

/** One protocol's question and answer. */
export interface Canary {
  /** Why it can't be asked with these settings; undefined if it can. */
  unsupported?(canary: LinkCanary | undefined): string | undefined;
  /**
   * Asks once over a connection of its own.
   *
   * @param tell to be given every socket that is opened, so that its end and its bytes are seen.
   * @returns the round trip from the moment the question was sent, on an open connection.
   */
  ask(
    at: { host: string; port: number },
    canary: LinkCanary | undefined,
    signal: AbortSignal,
    tell: (socket: Socket) => void,
  ): Promise<{ roundTripMs: number; bytes: number }>;
}

const CANARIES: Readonly<Record<LinkProtocol, Canary>> = { tcp, http, http2, grpc: http2, redis, mqtt };

/** Sends one small question through a link and times the answer. Never throws. */
export async function measureCanary(
  address: string,
  protocol: LinkProtocol,
  settings: LinkCanary | undefined,
  timeLimitMs: number,
  own?: OwnBytes,
): Promise<CanaryResult> {
  const canary = CANARIES[protocol];
  const unsupported = canary.unsupported?.(settings);
  if (unsupported) return { outcome: 'unsupported', detail: unsupported };
  const parsed = parseAddress(address);
  if (!parsed.ok) return { outcome: 'unsupported', detail: parsed.problem };

  const sockets: Socket[] = [];
  const beganMs = performance.now();
  const afterMs = () => performance.now() - beganMs;
  const timeLimit = new AbortController();
  const timer = setTimeout(() => timeLimit.abort(), timeLimitMs);
  try {
    const answer = await canary.ask(parsed.value, settings, timeLimit.signal, (socket) => sockets.push(socket));
    return { outcome: 'answered', ...answer };
  } catch (error) {
    return { ...outcomeOf(error, timeLimit.signal.aborted, timeLimitMs), afterMs: afterMs() };
  } finally {
    clearTimeout(timer);
    for (const socket of sockets) {
      if (own && socket.bytesWritten > 0) {
        own.connections++;
        own.sent += socket.bytesWritten;
        own.received += socket.bytesRead;
      }
      socket.destroy();
    }
  }
}

function outcomeOf(
  error: unknown,
  late: boolean,
  timeLimitMs: number,
): { outcome: 'refused' | 'reset' | 'closed' | 'timeout' | 'bad_answer'; detail: string } {
  if (late) return { outcome: 'timeout', detail: `no answer within ${formatMs(timeLimitMs)}` };
  if (error instanceof Closed) return { outcome: 'closed', detail: error.message };
  switch (systemCodeOf(error)) {
    case 'ECONNREFUSED':
      return { outcome: 'refused', detail: 'the connection was refused' };
    case 'ECONNRESET':
      // Node's HTTP client says ECONNRESET for "socket hang up" too, which is an orderly end without an answer.
      return messageOf(error) === 'socket hang up'
        ? { outcome: 'closed', detail: 'the connection ended without an answer' }
        : { outcome: 'reset', detail: 'the connection was reset' };
    case 'EPIPE':
      return { outcome: 'reset', detail: 'the connection was reset' };
    default:
      return { outcome: 'bad_answer', detail: messageOf(error) };
  }
}
