import { Socket, type OnReadOpts, type Server, type SocketConstructorOpts } from 'node:net';
import type { End } from './connection.js';
import { Intake } from './intake.js';

interface Inner {
  _handle?: { onconnection?: (status: number, handle: Handle | undefined) => void } | null;
}

interface Handle {
  setNoDelay?(on: boolean): void;
}

interface SocketOptions extends SocketConstructorOpts {
  handle: Handle;
  pauseOnCreate: boolean;
  onread: OnReadOpts;
}

/**
 * Hand over each connection that the server accepts, paused, nothing read from it yet, reading into an intake of its own.
 * Node.js offers `onread` for sockets that connect, but not for accepted ones (measured: half of the processor time of a
 * stream). So the handle is taken where Node.js would make its socket of it. Should a release of Node.js keep its handles
 * elsewhere, its own socket is used.
 * @param server listens, and was made with `allowHalfOpen`, `pauseOnConnect` and `noDelay`
 * @param direct false uses the server's own sockets
 */
export function acceptClients(server: Server, onClient: (client: End) => void, direct = true): void {
  const listener = (server as Inner)._handle;
  const ofNode = listener?.onconnection;
  if (!direct || !listener || typeof ofNode !== 'function') {
    server.on('connection', (socket) => onClient(readInto(new Intake(), socket)));
    return;
  }
  listener.onconnection = function accepted(status, handle): void {
    if (status !== 0 || !handle) {
      // It tells the server's listeners what went wrong.
      ofNode.call(this, status, handle);
      return;
    }
    const intake = new Intake();
    handle.setNoDelay?.(true);
    const options: SocketOptions = { handle, allowHalfOpen: true, pauseOnCreate: true, onread: intake.onread };
    onClient({ socket: new Socket(options), intake });
  };
}

function readInto(intake: Intake, socket: Socket): End {
  socket.on('data', (data) => intake.receiver?.receive(data));
  return { socket, intake };
}
