import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { deadlines } from '../shared/deadlines.js';
import { HttpError, journalOf, serveHttp, type Answer } from '../shared/http.js';
import { Journal } from '../shared/journal.js';
import { Order } from '../shared/messages.js';
import { poisonOf } from '../shared/poison.js';
import { runService } from '../shared/service.js';
import { addressFrom, dataFolder, loopback, PORTS } from '../shared/settings.js';
import { createOrdersClient, OrdersUnavailable, type OrdersReply, type OrdersRequest } from './orders-client.js';

const CheckoutRequest = z.object({ sku: Order.shape.sku, quantity: Order.shape.quantity.default(1) });
/** A line of the journal of what customers were told. */
interface Accepted {
  order: string;
  status: 'paid' | 'pending';
}

await runService('gateway', async (log) => {
  const orders = createOrdersClient(
    [
      addressFrom('SHOP_ORDER_1_ADDRESS', loopback(PORTS.orders[0])),
      addressFrom('SHOP_ORDER_2_ADDRESS', loopback(PORTS.orders[1])),
    ],
    log,
  );
  const { orderMs } = deadlines();
  const file = join(dataFolder(), 'gateway.ndjson');
  // What customers were told; the audit holds settlement against it. At a reload two gateways write to it.
  const journal = Journal.join<Accepted>(file);

  const ask = async (request: OrdersRequest): Promise<OrdersReply> => {
    try {
      return await orders.ask(request);
    } catch (error) {
      if (error instanceof OrdersUnavailable) throw new HttpError(503, error.message, 1);
      throw error;
    }
  };
  const read = (path: string, trace: string, poison?: string): Promise<Answer> =>
    ask({ method: 'GET', path, trace, deadlineMs: orderMs, ...(poison ? { poison } : {}) }).then(passOn);

  // To begin with all replicas must be there; later one is enough, the supervisor brings back the other.
  let complete = false;
  const ready = async (): Promise<boolean> => {
    const count = await orders.ready(1_000);
    complete ||= count === orders.replicas;
    return complete && count > 0;
  };

  const server = await serveHttp(PORTS.gateway, log, ready, {
    'GET /items': ({ trace }) => read('/items', trace.parent),
    'GET /items/:id': ({ id, headers, trace }) => read(`/items/${id}`, trace.parent, poisonOf(headers)),
    'GET /quote': ({ query, trace }) => read(`/quote?sku=${encodeURIComponent(query.get('sku') ?? '')}`, trace.parent),
    'POST /checkout': async ({ json, headers, trace }) => {
      const request = CheckoutRequest.safeParse(await json());
      if (!request.success) throw new HttpError(422, z.prettifyError(request.error));
      // The idempotency key: whoever sends the order again, customer or gateway, means the same order.
      const key = Order.shape.id.safeParse(headers['idempotency-key'] ?? randomUUID());
      if (!key.success) throw new HttpError(400, 'Idempotency-Key must be 8 to 64 letters, digits, "_" or "-"');
      const body = JSON.stringify({ id: key.data, ...request.data });
      const reply = await ask({ method: 'POST', path: '/orders', body, trace: trace.parent, deadlineMs: orderMs });
      if (reply.status === 200 || reply.status === 202) {
        journal.append({ order: key.data, status: reply.status === 200 ? 'paid' : 'pending' });
      }
      return passOn(reply);
    },
    'GET /audit/accepted': journalOf(file),
  });
  return {
    drain: () => server.close(4_500, IDLE_MS),
    stop: async () => {
      await orders.close();
      journal.close();
    },
  };
});

/** How long a connection without a request is kept at the end, for the request that may be on its way. */
const IDLE_MS = 500;

function passOn({ status, text, retryAfter }: OrdersReply): Answer {
  return { status, body: text, ...(retryAfter === undefined ? {} : { headers: { 'retry-after': retryAfter } }) };
}
