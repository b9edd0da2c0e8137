import { connectivityState, status, type Client } from '@grpc/grpc-js';
import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  circuitBreaker,
  CircuitState,
  handleAll,
  SamplingBreaker,
  wrap,
} from 'cockatiel';
import { deadlines } from '../shared/deadlines.js';
import { defects } from '../shared/defects.js';
import type { Logger } from '../shared/log.js';
import type { Order } from '../shared/messages.js';
import { countCall } from '../shared/metrics.js';
import {
  callPayment,
  chargeMethod,
  paymentChannel,
  quoteMethod,
  type ChargeReply,
  type QuoteReply,
} from '../shared/payment-api.js';

/** Payment as order sees it: every call can fail, none can hang. */
export interface PaymentClient {
  charge(order: Order): Promise<ChargeReply>;
  quote(sku: string, trace: string): Promise<QuoteReply>;
  /** Has payment been in reach at least once? After that its absence is bridged by the fallback. */
  reached: () => boolean;
  close(): void;
}

/** Payment gave no good answer in time: it is down, late, or was not asked (bulkhead full, circuit open). */
export class PaymentUnavailable extends Error {
  constructor(
    readonly reason: 'late' | 'failed' | 'refused' | 'broken',
    cause: unknown,
  ) {
    super(`payment is not available: ${reason}`, { cause });
  }
}

/**
 * Three guards, outside in: a bulkhead, so that a slow payment holds at most ten of our requests; a circuit breaker, so
 * that a dead one is not asked at all; and a deadline for each call. A refusal by the bulkhead is no sign of payment's
 * health, so the breaker sits inside and never sees it.
 */
export function createPaymentClient(address: string, log: Logger): PaymentClient {
  const active = defects();
  const { paymentMs } = deadlines(active);
  const channel = paymentChannel(address);
  const breaker = circuitBreaker(handleAll, {
    halfOpenAfter: 500,
    breaker: new SamplingBreaker({ threshold: 0.5, duration: 2_000, minimumRps: 5 }),
  });
  breaker.onBreak(() => log.warn('circuit to payment opened'));
  breaker.onReset(() => log.info('circuit to payment closed'));
  const guards = wrap(bulkhead(active.has('no-bulkhead') ? Number.MAX_SAFE_INTEGER : IN_FLIGHT_LIMIT, 0), breaker);
  const reached = watchForFirstContact(channel);

  const guarded = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      // While one call tests the waters, cockatiel would let all others wait for its end. Ours have no time to wait.
      if (breaker.state === CircuitState.HalfOpen) throw new BrokenCircuitError();
      const reply = await guards.execute(call);
      countCall('payment', 'ok');
      return reply;
    } catch (error) {
      const reason = reasonOf(error);
      countCall('payment', reason);
      throw new PaymentUnavailable(reason, error);
    }
  };
  return {
    charge: ({ id, sku, quantity, trace }) =>
      guarded(() => callPayment(channel, chargeMethod, { order: id, sku, quantity }, trace, paymentMs)),
    quote: (sku, trace) => guarded(() => callPayment(channel, quoteMethod, { sku }, trace, paymentMs)),
    reached,
    close: () => channel.close(),
  };
}

/** Calls in flight to payment, in this process. */
const IN_FLIGHT_LIMIT = 10;

function reasonOf(error: unknown): PaymentUnavailable['reason'] {
  if (error instanceof BulkheadRejectedError) return 'refused';
  if (error instanceof BrokenCircuitError) return 'broken';
  return error instanceof Error && 'code' in error && error.code === status.DEADLINE_EXCEEDED ? 'late' : 'failed';
}

/** Connects before the first customer comes. */
function watchForFirstContact(channel: Client): () => boolean {
  let reached = false;
  const watch = (): void => {
    channel.waitForReady(Date.now() + 60_000, (error) => {
      if (error === undefined) reached = true;
      else if (channel.getChannel().getConnectivityState(false) !== connectivityState.SHUTDOWN) watch();
    });
  };
  watch();
  return () => reached;
}
