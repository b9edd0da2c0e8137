import { z } from 'zod';
import { CATALOGUE, itemOf } from '../shared/catalogue.js';
import { detached, noteContained, orElse } from '../shared/containment.js';
import { HttpError, serveHttp } from '../shared/http.js';
import { Order } from '../shared/messages.js';
import { showBacklog } from '../shared/metrics.js';
import { bugAt } from '../shared/poison.js';
import { runService } from '../shared/service.js';
import { addressFrom, dataFolder, loopback, PORTS, replicaNumber } from '../shared/settings.js';
import { createCheckout } from './checkout.js';
import { OrderBook } from './order-book.js';
import { createPaymentClient, PaymentUnavailable } from './payment-client.js';

const PlacedOrder = Order.omit({ trace: true });
const ITEMS = JSON.stringify({ items: CATALOGUE.map(({ id, sku, name }) => ({ id, sku, name })) });
const replica = replicaNumber();
/** How often each item was looked at in this life. */
const views = new Map<number, number>();

await runService(`order-${replica}`, async (log) => {
  const payment = createPaymentClient(addressFrom('SHOP_PAYMENT_ADDRESS', loopback(PORTS.payment)), log);
  const book = new OrderBook(dataFolder(), replica);
  const checkout = createCheckout(book, payment, log);
  showBacklog(() => book.size);
  if (book.size > 0) log.info({ waiting: book.size }, 'took up the orders of an earlier life');

  const server = await serveHttp(PORTS.orders[replica - 1] ?? 0, log, payment.reached, {
    'GET /items': () => ({ status: 200, body: ITEMS }),
    'GET /items/:id': ({ id, headers, trace }) => {
      const item = CATALOGUE.find((item) => String(item.id) === id);
      if (!item) throw new HttpError(404, `there is no item ${id}`);
      detached(log, 'count a view', trace, () => {
        bugAt('detached', headers);
        views.set(item.id, (views.get(item.id) ?? 0) + 1);
      });
      // Recommendations are nice to have: without them the page is poorer, and still a page.
      const related = orElse(
        () => {
          bugAt('business', headers);
          return relatedTo(item.id, views);
        },
        [],
        (error) => noteContained(log, 'business', 'related items', trace, error),
      );
      return { status: 200, body: { id: item.id, sku: item.sku, name: item.name, related } };
    },
    // A price must be right, so there is no fallback: late is an honest 503, at once.
    'GET /quote': async ({ query, trace }) => {
      const sku = knownSku(query.get('sku'));
      try {
        return { status: 200, body: await payment.quote(sku, trace.parent) };
      } catch (error) {
        if (error instanceof PaymentUnavailable) throw new HttpError(503, error.message, 1);
        throw error;
      }
    },
    'POST /orders': async ({ json, trace }) => {
      const request = PlacedOrder.safeParse(await json());
      if (!request.success) throw new HttpError(422, z.prettifyError(request.error));
      const { id, quantity } = request.data;
      const order = { id, sku: knownSku(request.data.sku), quantity, trace: trace.parent };
      const status = await checkout.place(order);
      return { status: status === 'paid' ? 200 : 202, body: { order: id, status } };
    },
  });
  return {
    drain: async () => {
      checkout.stop();
      await server.close(4_500);
    },
    stop: () => {
      payment.close();
      book.close();
    },
  };
});

/** The three most viewed of the others. */
function relatedTo(id: number, views: ReadonlyMap<number, number>): string[] {
  return CATALOGUE.filter((item) => item.id !== id)
    .sort((a, b) => (views.get(b.id) ?? 0) - (views.get(a.id) ?? 0))
    .slice(0, 3)
    .map(({ sku }) => sku);
}

function knownSku(sku: string | null): string {
  if (sku === null || !itemOf(sku)) throw new HttpError(404, `there is no article "${sku ?? ''}"`);
  return sku;
}
