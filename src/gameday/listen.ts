import type { Server } from 'node:http';
import { messageOf, PlimsollError, systemCodeOf } from '../support/errors.js';

/** Listens on loopback alone. @returns the port that was taken. @throws PlimsollError `port_in_use`, `not_served` */
export async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const inUse = systemCodeOf(error) === 'EADDRINUSE';
      reject(
        new PlimsollError({
          kind: 'usage',
          code: inUse ? 'port_in_use' : 'not_served',
          message: inUse
            ? `the live page can't be served on port ${port}: it is in use`
            : `the live page can't be served on port ${port}: ${messageOf(error)}`,
          hint: 'Give another --port, or 0 for any free one.',
          cause: error,
        }),
      );
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}
