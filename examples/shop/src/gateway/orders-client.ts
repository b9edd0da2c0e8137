import { BrokenCircuitError, circuitBreaker, CircuitState, ConsecutiveBreaker, handleAll } from 'cockatiel';
import { Pool } from 'undici';
import type { Logger } from '../shared/log.js';
import { countCall } from '../shared/metrics.js';

export interface OrdersRequest {
  method: 'GET' | 'POST';
  path: string;
  body?: string;
  /** `traceparent` to send on. */
  trace: string;
  deadlineMs: number;
  /** A bug to be met in order: see `shared/poison.ts`. */
  poison?: string;
}

export interface OrdersReply {
  status: number;
  text: string;
  retryAfter: string | undefined;
}

/** The replicas of order as one: the next healthy one is asked, and where it gives no answer, one other. */
export interface OrdersClient {
  /**
   * Everything sent here must be safe to send twice: reads are, and an order carries its id. Throws
   * `OrdersUnavailable` where two replicas gave no answer.
   */
  ask(request: OrdersRequest): Promise<OrdersReply>;
  /** How many replicas say that they are ready, now. */
  ready(deadlineMs: number): Promise<number>;
  readonly replicas: number;
  close(): Promise<void>;
}

export class OrdersUnavailable extends Error {}

export function createOrdersClient(addresses: readonly string[], log: Logger): OrdersClient {
  const replicas = addresses.map((address) => createReplica(address, CONNECTIONS / addresses.length, log));
  let turn = 0;
  return {
    replicas: replicas.length,
    async ask(request) {
      turn = (turn + 1) % replicas.length;
      // In turn, but those with an open circuit last.
      const order = [...replicas.slice(turn), ...replicas.slice(0, turn)].sort(
        (a, b) => Number(a.ejected()) - Number(b.ejected()),
      );
      const [first, second = first] = order as [Replica, Replica | undefined];
      try {
        return await first.ask(request);
      } catch {
        try {
          // The last resort is asked even while it has a rest: it may have recovered, and there is nobody else.
          return await second.send(request);
        } catch (cause) {
          throw new OrdersUnavailable('no replica of order answered', { cause });
        }
      }
    },
    async ready(deadlineMs) {
      const request: OrdersRequest = { method: 'GET', path: '/readyz', trace: '', deadlineMs };
      const replies = await Promise.allSettled(replicas.map((replica) => replica.send(request)));
      return replies.filter((reply) => reply.status === 'fulfilled' && reply.value.status === 200).length;
    },
    async close() {
      await Promise.all(replicas.map((replica) => replica.close()));
    },
  };
}

/** To all replicas together; browsing and checkouts share them. */
const CONNECTIONS = 32;

interface Replica {
  /** Its circuit is open: it has failed several times in a row and gets a rest. */
  ejected(): boolean;
  /** Through the circuit breaker. */
  ask(request: OrdersRequest): Promise<OrdersReply>;
  /** Whatever the circuit breaker says. */
  send(request: OrdersRequest): Promise<OrdersReply>;
  close(): Promise<void>;
}

function createReplica(address: string, connections: number, log: Logger): Replica {
  const pool = new Pool(`http://${address}`, { connections, pipelining: 1, connect: { timeout: 1_000 } });
  // An answer is an answer, 503 too: only silence counts against the replica.
  const breaker = circuitBreaker(handleAll, { halfOpenAfter: 1_000, breaker: new ConsecutiveBreaker(5) });
  breaker.onBreak(() => log.warn({ replica: address }, 'replica gets a rest'));
  breaker.onReset(() => log.info({ replica: address }, 'replica is back'));
  let restUntil = 0;
  breaker.onBreak(() => (restUntil = performance.now() + 1_000));

  const send = async ({ method, path, body, trace, deadlineMs, poison }: OrdersRequest): Promise<OrdersReply> => {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs);
    try {
      const response = await pool.request({
        method,
        path,
        body: body ?? null,
        headers: {
          traceparent: trace,
          ...(poison === undefined ? {} : { poison }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        signal: late.signal,
      });
      const text = await response.body.text();
      const retryAfter = response.headers['retry-after'];
      return { status: response.statusCode, text, retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined };
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    ejected: () =>
      breaker.state === CircuitState.HalfOpen || (breaker.state === CircuitState.Open && performance.now() < restUntil),
    async ask(request) {
      // Others than the one that tests the waters must not wait for it; cockatiel would let them.
      if (breaker.state === CircuitState.HalfOpen) throw new BrokenCircuitError();
      try {
        const reply = await breaker.execute(() => send(request));
        countCall('order', 'ok');
        return reply;
      } catch (error) {
        countCall('order', error instanceof BrokenCircuitError ? 'broken' : 'failed');
        throw error;
      }
    },
    send,
    close: () => pool.destroy(),
  };
}
