import { once } from 'node:events';
import { messageOf, PlimsollError, systemCodeOf } from '../support/errors.js';
import type { StreamPlan } from './driver.js';
import { openSocket, parseTarget, readyEvent, type Origin } from './origin.js';

const TIME_LIMIT_MS = 5000;

/**
 * Once per origin: resolve, connect, TLS handshake, disconnect; no request is sent. Throws `origin_unreachable` with the
 * reason and the next step.
 */
export async function preflight(streams: readonly StreamPlan[]): Promise<void> {
  const seen = new Map<string, Promise<void>>();
  for (const stream of streams) {
    for (const { url } of stream.requests) {
      const { origin } = parseTarget(url);
      const key = `${origin.key} ${JSON.stringify(stream.tls)}`;
      if (!seen.has(key)) seen.set(key, tryOrigin(origin, stream));
    }
  }
  await Promise.all(seen.values());
}

async function tryOrigin(origin: Origin, stream: StreamPlan): Promise<void> {
  const socket = openSocket(origin, stream.tls);
  try {
    await once(socket, readyEvent(origin), { signal: AbortSignal.timeout(TIME_LIMIT_MS) });
  } catch (error) {
    throw new PlimsollError({
      code: 'origin_unreachable',
      message: `Stream "${stream.name}" sends to ${origin.key}, but no connection could be made: ${reasonOf(error)}.`,
      hint: hintFor(error, origin),
      cause: error,
    });
  } finally {
    socket.on('error', () => undefined);
    socket.destroy();
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && error.name === 'AbortError') return `no answer within ${TIME_LIMIT_MS} ms`;
  // Tried on several addresses: the sentence of the whole is empty.
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(messageOf).join('; ');
  return messageOf(error);
}

function hintFor(error: unknown, origin: Origin): string {
  const code = systemCodeOf(error) ?? '';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `Check the host name "${origin.host}".`;
  if (code === 'ENOENT')
    return `Start what listens on ${origin.socketPath ?? origin.key}; the socket file is not there.`;
  if (/CERT|SELF_SIGNED|ALTNAME|UNABLE_TO|ISSUER/.test(code)) {
    return 'Give the certificate authority as `tls.ca`, or write `tls: { insecure: true }` if the certificate may stay unchecked.';
  }
  if (/SSL|EPROTO/.test(code)) return 'Check that the port speaks TLS, or write http:// instead of https://.';
  return `Start the system, give \`system.start\` in the scenario, or correct the url ${origin.key}.`;
}
