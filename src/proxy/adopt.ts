import { Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net';
import type { Intake } from './intake.js';

interface Inner {
  _handle?: { readStart?: unknown } | null;
}

interface AdoptOptions extends SocketConstructorOpts {
  handle: unknown;
  pauseOnCreate: boolean;
  onread: OnReadOpts;
}

/**
 * An accepted socket that reads into its intake. Node.js offers `onread` for sockets that connect, but not for accepted
 * ones: the handle is moved to a new socket (measured: half of the processor time of a stream). Should a release of
 * Node.js keep its handles elsewhere, the accepted socket itself is used.
 * @param accepted paused, and nothing read from it yet
 * @param movable false leaves the handle where it is
 */
export function adopt(accepted: Socket, intake: Intake, movable = true): Socket {
  const inner: Inner = accepted as Inner;
  const handle = inner._handle;
  if (!movable || typeof handle?.readStart !== 'function') {
    accepted.on('data', (data) => intake.receiver?.receive(data));
    return accepted;
  }
  inner._handle = null;
  // Without its handle it only tells its server that it is gone.
  accepted.destroy();
  const options: AdoptOptions = { handle, allowHalfOpen: true, pauseOnCreate: true, onread: intake.onread };
  return new Socket(options);
}
