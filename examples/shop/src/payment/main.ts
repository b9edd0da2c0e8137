import { Server, ServerCredentials, status, type handleUnaryCall, type ServerUnaryCall } from '@grpc/grpc-js';
import { connectBus } from '../shared/bus.js';
import { itemOf } from '../shared/catalogue.js';
import { noteContained } from '../shared/containment.js';
import { serveHttp } from '../shared/http.js';
import { Order } from '../shared/messages.js';
import { countRequest, showBacklog } from '../shared/metrics.js';
import {
  paymentService,
  type ChargeReply,
  type ChargeRequest,
  type QuoteReply,
  type QuoteRequest,
} from '../shared/payment-api.js';
import { runService } from '../shared/service.js';
import { addressFrom, dataFolder, LISTEN_HOST, loopback, PORTS } from '../shared/settings.js';
import { continueTrace, type Trace } from '../shared/trace.js';
import type { Logger } from '../shared/log.js';
import { Outbox } from './outbox.js';

/** The caller asked for something that can't be: its fault, not payment's. */
class Refused extends Error {}

await runService('payment', async (log) => {
  const outbox = new Outbox(dataFolder());
  showBacklog(() => outbox.size);
  const bus = connectBus(addressFrom('SHOP_BROKER_ADDRESS', loopback(PORTS.broker)), 'payment', log);
  // Payment takes money while the broker is away; the outbox waits for it.
  outbox.start(bus, log);

  const server = new Server();
  server.addService(paymentService, {
    Charge: answer<ChargeRequest, ChargeReply>('Charge', log, ({ order, sku, quantity }, trace) => {
      const item = itemOf(sku);
      if (!item) throw new Refused(`there is no article "${sku}"`);
      const checked = Order.safeParse({ id: order, sku, quantity, trace: trace.parent });
      if (!checked.success) throw new Refused('malformed order');
      const amountCents = item.priceCents * quantity;
      outbox.pay({ ...checked.data, amountCents });
      return { paid: true, amountCents };
    }),
    Quote: answer<QuoteRequest, QuoteReply>('Quote', log, ({ sku }) => {
      const item = itemOf(sku);
      if (!item) throw new Refused(`there is no article "${sku}"`);
      return { sku, priceCents: item.priceCents, currency: 'EUR' };
    }),
  });
  const ops = await serveHttp(PORTS.paymentOps, log, () => true, {});
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`${LISTEN_HOST}:${PORTS.payment}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  return {
    drain: () =>
      new Promise<void>((resolve) => {
        const force = setTimeout(() => server.forceShutdown(), 4_500);
        server.tryShutdown(() => {
          clearTimeout(force);
          resolve();
        });
      }),
    sync: () => outbox.flush(bus, 2_000),
    stop: async () => {
      outbox.close();
      await bus.close();
      await ops.close(500);
    },
  };
});

/** A handler that throws costs its own call, and says so in the log. */
function answer<Request, Reply>(
  method: string,
  log: Logger,
  handle: (request: Request, trace: Trace) => Reply,
): handleUnaryCall<Request, Reply> {
  return (call: ServerUnaryCall<Request, Reply>, reply) => {
    const startedAt = performance.now();
    const trace = continueTrace(call.metadata.get('traceparent')[0]);
    try {
      const value = handle(call.request, trace);
      reply(null, value);
      countRequest(method, 'OK', startedAt);
      log.debug({ trace_id: trace.id, method }, 'answered');
    } catch (error) {
      const refused = error instanceof Refused;
      if (!refused) noteContained(log, 'handler', method, trace, error);
      reply({
        code: refused ? status.INVALID_ARGUMENT : status.INTERNAL,
        details: refused ? error.message : 'internal error',
      });
      countRequest(method, refused ? 'INVALID_ARGUMENT' : 'INTERNAL', startedAt);
    }
  };
}
