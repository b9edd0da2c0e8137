import { collectDefaultMetrics, Counter, Gauge, Histogram, register } from 'prom-client';
import { defects } from './defects.js';

/**
 * SLIs before SLOs: what is not measured cannot be promised. Each service exports how long its answers took and how they
 * ended, and what explains them when they are late: pauses for garbage collection and the delay of the event loop.
 */

/** From half a millisecond to the longest wait that a defect allows. */
const BUCKETS_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1, 2, 5];

const duration = new Histogram({
  name: 'shop_request_duration_seconds',
  help: 'How long this service took to answer.',
  labelNames: ['route'],
  buckets: BUCKETS_S,
});
const outcomes = new Counter({
  name: 'shop_requests_total',
  help: 'Answers by route and outcome: an HTTP status, a gRPC status or a word.',
  labelNames: ['route', 'outcome'],
});
const calls = new Counter({
  name: 'shop_calls_total',
  help: 'Calls to another service by how they ended: ok, late, failed, refused (bulkhead) or broken (circuit open).',
  labelNames: ['to', 'outcome'],
});
const contained = new Counter({
  name: 'shop_contained_total',
  help: 'Errors that cost only what they touched, by level: business, handler, router or detached.',
  labelNames: ['level'],
});
const backlog = new Gauge({
  name: 'shop_backlog',
  help: 'Orders that wait: for payment in order, for confirmation in payment.',
});

const loopDelay = new Histogram({
  name: 'shop_event_loop_delay_seconds',
  help: 'How much later than it was due a timer ran: what every request waits before its turn.',
  buckets: BUCKETS_S,
});
const LOOP_EVERY_MS = 20;

/** Memory, CPU and pauses for garbage collection come with prom-client's default metrics. */
export function startMetrics(service: string): void {
  register.setDefaultLabels({ service });
  collectDefaultMetrics({ gcDurationBuckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1] });
  let dueAt = performance.now() + LOOP_EVERY_MS;
  setInterval(() => {
    const now = performance.now();
    loopDelay.observe(Math.max(0, now - dueAt) / 1_000);
    dueAt = now + LOOP_EVERY_MS;
  }, LOOP_EVERY_MS).unref();
}

/** One answered request; `startedAt` is from `performance.now()`. */
export function countRequest(route: string, outcome: string, startedAt: number): void {
  duration.observe({ route }, (performance.now() - startedAt) / 1_000);
  outcomes.inc({ route, outcome });
}

export function countCall(to: string, outcome: 'ok' | 'late' | 'failed' | 'refused' | 'broken'): void {
  calls.inc({ to, outcome });
}

export function countContained(level: string): void {
  contained.inc({ level });
}

/** Read when the metrics are asked for. */
export function showBacklog(size: () => number): void {
  Object.assign(backlog, { collect: () => backlog.set(size()) });
}

/** The text of `/metrics`. */
export async function renderMetrics(): Promise<{ type: string; text: string }> {
  const text = defects().has('no-metrics') ? '' : await register.metrics();
  return { type: register.contentType, text };
}
