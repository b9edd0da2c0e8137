import { refuseTargeting, targeting, type Targeting } from '../http/targeting.js';
import { around } from '../random.js';
import type { ToxicDefinition } from './toxic.js';

type HttpDelay = { delay: number; jitter: number } & Targeting;

/**
 * A request reaches the upstream `delay` ms late, plus a whole number from -jitter to jitter - 1. Once for each request,
 * where `latency` waits once for each chunk. Requests behind it on the same connection wait too.
 */
export default {
  type: 'http_delay',
  attributes: { delay: 0, jitter: 0, ...targeting },
  refuse: (attributes) =>
    attributes.delay < 0 || attributes.jitter < 0
      ? `delay and jitter must not be negative, received ${attributes.delay} and ${attributes.jitter}`
      : refuseTargeting(attributes),
  strikes: ({ first }) => first,
  request: ({ delay, jitter }, random) => ({ kind: 'delay', ms: delay + around(random, jitter) }),
} satisfies ToxicDefinition<HttpDelay>;
