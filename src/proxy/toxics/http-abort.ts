import { refuseTargeting, targeting, type Targeting } from '../http/targeting.js';
import { ENDINGS, refuseEnding } from './ending.js';
import { text } from './attribute.js';
import type { Ending, ToxicDefinition } from './toxic.js';

type HttpAbort = { ending: Ending } & Targeting;

/**
 * Ends the connection, by RST or FIN, instead of sending a request on. Requests before it on the same connection get their
 * answers first.
 */
export default {
  type: 'http_abort',
  attributes: { ending: text<Ending>(ENDINGS[0]), ...targeting },
  refuse: (attributes) => refuseEnding(attributes.ending) ?? refuseTargeting(attributes),
  strikes: ({ first }) => first,
  request: ({ ending }) => ({ kind: 'abort', ending }),
} satisfies ToxicDefinition<HttpAbort>;
