import { defects } from '../shared/defects.js';
import { HttpError } from '../shared/http.js';
import type { Logger } from '../shared/log.js';
import type { Order } from '../shared/messages.js';
import type { OrderBook } from './order-book.js';
import { PaymentUnavailable, type PaymentClient } from './payment-client.js';

export interface Checkout {
  /** `paid`: payment has the money. `pending`: the order stands, the money will be asked for again in the background. */
  place(order: Order): Promise<'paid' | 'pending'>;
  stop(): void;
}

/** A customer never waits for payment's troubles: the fallback is to accept the order and charge it later. */
export function createCheckout(book: OrderBook, payment: PaymentClient, log: Logger): Checkout {
  const withFallback = !defects().has('no-fallback');
  const inHand = new Set<string>();
  const later = retryLater(book, inHand, payment, log);
  return {
    async place(order) {
      book.accept(order);
      inHand.add(order.id);
      try {
        await payment.charge(order);
        book.done(order.id);
        return 'paid';
      } catch (error) {
        if (!(error instanceof PaymentUnavailable)) throw error;
        log.debug({ trace_id: order.trace.slice(3, 35), order: order.id, reason: error.reason }, 'charged later');
        if (withFallback) return 'pending';
        book.done(order.id);
        throw new HttpError(503, error.message, 1);
      } finally {
        inHand.delete(order.id);
      }
    },
    stop: () => clearInterval(later),
  };
}

/**
 * Charges what is waiting, oldest first, two at a time: enough for hundreds a second from a healthy payment, and too
 * few to push customers out of the bulkhead. The first failure ends the round.
 */
function retryLater(book: OrderBook, inHand: ReadonlySet<string>, payment: PaymentClient, log: Logger): NodeJS.Timeout {
  let busy = false;
  const round = async (): Promise<void> => {
    let settled = 0;
    let healthy = true;
    // One iterator for both workers: each order is taken once.
    const orders = book.waiting();
    const worker = async (): Promise<void> => {
      for (const order of orders) {
        if (!healthy) return;
        if (inHand.has(order.id)) continue;
        try {
          await payment.charge(order);
        } catch (error) {
          healthy = false;
          if (!(error instanceof PaymentUnavailable)) throw error;
          return;
        }
        book.done(order.id);
        settled++;
      }
    };
    await Promise.all([worker(), worker()]);
    if (settled > 0) log.info({ settled, waiting: book.size }, 'pending orders charged');
  };
  return setInterval(() => {
    if (busy || book.size === 0) return;
    busy = true;
    void round().finally(() => (busy = false));
  }, ROUND_MS);
}

const ROUND_MS = 250;
