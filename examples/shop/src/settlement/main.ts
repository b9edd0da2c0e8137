import { connectBus } from '../shared/bus.js';
import { journalOf, serveHttp } from '../shared/http.js';
import { PAID_TOPIC, PaidMessage, SETTLED_TOPIC } from '../shared/messages.js';
import { countRequest } from '../shared/metrics.js';
import { runService } from '../shared/service.js';
import { addressFrom, dataFolder, loopback, PORTS } from '../shared/settings.js';
import { fileIn, Ledger } from './ledger.js';

/** Orders arrive at least once and are settled exactly once: on file first, confirmed after, never twice. */
await runService('settlement', async (log) => {
  const folder = dataFolder();
  const ledger = new Ledger(folder);

  const bus = connectBus(addressFrom('SHOP_BROKER_ADDRESS', loopback(PORTS.broker)), 'settlement', log);
  const settle = (message: unknown): void => {
    const startedAt = performance.now();
    const { orders } = PaidMessage.parse(message);
    for (const { id, amountCents, trace } of orders) {
      const again = !ledger.settle(id, amountCents);
      countRequest('settle', again ? 'again' : 'settled', startedAt);
      log.debug({ trace_id: trace.slice(3, 35), order: id, again }, 'settled');
    }
    // A lost confirmation is no loss: payment sends the order again.
    bus
      .publish(SETTLED_TOPIC, { ids: orders.map(({ id }) => id) }, 3_000)
      .catch((error: unknown) => log.warn({ err: error }, 'confirmation not sent'));
  };
  bus.subscribe(PAID_TOPIC, settle);

  const ops = await serveHttp(PORTS.settlementOps, log, () => bus.connected, {
    'GET /audit/settled': journalOf(fileIn(folder)),
  });
  return {
    drain: () => bus.close(),
    stop: async () => {
      ledger.close();
      await ops.close(500);
    },
  };
});
