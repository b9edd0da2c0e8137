import {
  Server,
  ServerCredentials,
  status,
  type handleUnaryCall,
  type sendUnaryData,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { connectBus } from '../shared/bus.js';
import { itemOf } from '../shared/catalogue.js';
import { noteContained } from '../shared/containment.js';
import { HttpError, serveHttp } from '../shared/http.js';
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
import { PluginError, VersionMismatchError } from './plugins.js';
import { Prices } from './prices.js';

/** The caller asked for something that can't be: its fault, not payment's. */
class Refused extends Error {}

await runService('payment', async (log) => {
  const outbox = new Outbox(dataFolder());
  showBacklog(() => outbox.size);
  const prices = new Prices(log);
  const bus = connectBus(addressFrom('SHOP_BROKER_ADDRESS', loopback(PORTS.broker)), 'payment', log);
  // Payment takes money while the broker is away; the outbox waits for it.
  outbox.start(bus, log);

  const server = new Server();
  server.addService(paymentService, {
    Charge: answer<ChargeRequest, ChargeReply>('Charge', log, async ({ order, sku, quantity }, trace) => {
      if (!itemOf(sku)) throw new Refused(`there is no article "${sku}"`);
      const checked = Order.safeParse({ id: order, sku, quantity, trace: trace.parent });
      if (!checked.success) throw new Refused('malformed order');
      const amountCents = (await prices.now()).centsOf(sku) * quantity;
      outbox.pay({ ...checked.data, amountCents });
      return { paid: true, amountCents };
    }),
    Quote: answer<QuoteRequest, QuoteReply>('Quote', log, async ({ sku }) => {
      if (!itemOf(sku)) throw new Refused(`there is no article "${sku}"`);
      return { sku, priceCents: (await prices.now()).centsOf(sku), currency: 'EUR' };
    }),
  });
  const ops = await serveHttp(PORTS.paymentOps, log, () => true, {
    'GET /prices': async () => ({ status: 200, body: await prices.state() }),
    'POST /plugins/:id': async ({ id }) => {
      try {
        await prices.load(id);
      } catch (error) {
        if (!(error instanceof PluginError)) throw error;
        throw new HttpError(error instanceof VersionMismatchError ? 409 : 422, error.message);
      }
      return { status: 200, body: await prices.state() };
    },
  });
  // Customers never wait for the price rule to start; whoever asks for prices meanwhile waits for this start.
  await prices.now();
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
  handle: (request: Request, trace: Trace) => Promise<Reply>,
): handleUnaryCall<Request, Reply> {
  const respond: Answering<Request, Reply> = async (call, reply) => {
    const startedAt = performance.now();
    const trace = continueTrace(call.metadata.get('traceparent')[0]);
    try {
      const value = await handle(call.request, trace);
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
  return (call, reply) => void respond(call, reply);
}

type Answering<Request, Reply> = (call: ServerUnaryCall<Request, Reply>, reply: sendUnaryData<Reply>) => Promise<void>;
