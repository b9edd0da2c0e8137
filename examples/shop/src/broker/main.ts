import { createServer, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { serveHttp } from '../shared/http.js';
import { runService } from '../shared/service.js';
import { LISTEN_HOST, PORTS } from '../shared/settings.js';

/** An MQTT broker that needs nothing installed. It keeps nothing on disk, and need not: payment's outbox does. */
await runService('broker', async (log) => {
  const aedes = await Aedes.createBroker();
  aedes.on('clientReady', (client) => log.info({ client: client.id }, 'client connected'));
  aedes.on('clientError', (client, error) => log.debug({ client: client.id, reason: error.message }, 'client error'));
  aedes.on('connectionError', (_client, error) => log.debug({ reason: error.message }, 'connection error'));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    aedes.handle(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(PORTS.broker, LISTEN_HOST, resolve);
  });
  const ops = await serveHttp(PORTS.brokerOps, log, () => true, {});
  return {
    drain: () =>
      new Promise<void>((resolve) => {
        server.close();
        aedes.close(() => resolve());
      }),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await ops.close(500);
    },
  };
});
