import type { Server } from 'node:http';
import { systemCodeOf, type PlimsollError } from './errors.js';

/**
 * Listens, or says why not.
 *
 * @param port 0 takes a free one
 * @param refusal the error to throw; `inUse`: somebody else has the port
 * @returns the port that was taken
 */
export async function listen(
  server: Server,
  port: number,
  host: string,
  refusal: (error: Error, inUse: boolean) => PlimsollError,
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(refusal(error, systemCodeOf(error) === 'EADDRINUSE')));
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

/** Ends a server, and with it whatever is still connected. */
export async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
