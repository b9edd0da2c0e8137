import type { Socket } from 'node:net';

/** How long a peer that was told the end may go on sending. */
const PATIENCE_MS = 1000;

/**
 * Ends a connection with FIN, behind all that was written. What still comes is read and dropped: closing a socket with
 * unread data makes the system send RST instead.
 */
export function hangUp(socket: Socket): void {
  let timer: NodeJS.Timeout | undefined;
  socket
    .once('finish', () => {
      timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
    })
    .once('end', () => socket.destroySoon())
    .once('close', () => clearTimeout(timer));
  socket.end();
  socket.resume();
}
