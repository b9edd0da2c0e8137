import { expect } from 'vitest';
import type { RequestPlan } from '../../src/load/driver.js';
import type { Outcome } from '../../src/record/outcomes.js';
import { expectAgreement, expectWhole } from './agreement.js';
import { runLoad, TruthServer } from './experiment.js';
import { both, RATE, type Row } from './row.js';

/** Rows whose truth is what the server did with each request. */
export const REQUEST_ROWS: Row[] = [
  perRequest('RST before the answer', {
    behaviour: 'reset-before-every',
    outcomes: { ok: ['ok'], reset: ['reset'] },
    hit: ['reset'],
  }),
  perRequest('RST in mid-body', {
    behaviour: 'reset-body-every',
    // When the driver finds the bytes and the RST in one poll, libuv reports the end of the stream instead of a reset.
    outcomes: { ok: ['ok'], reset: ['reset', 'closed'] },
    hit: ['reset', 'closed'],
    mostly: ['reset', 0.5],
  }),
  perRequest('FIN in mid-body', {
    behaviour: 'cut-body-every',
    outcomes: { ok: ['ok'], closed: ['closed'] },
    hit: ['closed'],
  }),
  perRequest('accept, then FIN', {
    behaviour: 'fin-on-accept',
    outcomes: {},
    unseen: ['closed'],
    connectionEach: true,
  }),
  perRequest('FIN after the request', {
    onlyLong: true,
    behaviour: 'fin',
    outcomes: { closed: ['closed'] },
    connectionEach: true,
  }),
  perRequest('never answers, every n-th', {
    behaviour: 'never-every',
    request: { deadlineMs: 1000 },
    outcomes: { ok: ['ok'], silent: ['timeout'] },
    hit: ['timeout'],
  }),
  perRequest('connection: close', {
    behaviour: 'close-each',
    outcomes: { ok: ['ok'] },
    connectionEach: true,
  }),
  perRequest('an answer that ends with its connection', {
    onlyLong: true,
    behaviour: 'until-fin',
    outcomes: { ok: ['ok'] },
    connectionEach: true,
  }),
  perRequest('garbage', { behaviour: 'garbage', outcomes: { garbage: ['bad_response'] } }),
  perRequest('slow body, every n-th', {
    behaviour: 'slow-body-every',
    request: { deadlineMs: 1000 },
    outcomes: { ok: ['ok'], slow: ['timeout'] },
    hit: ['timeout'],
  }),
  perRequest('503, every n-th', {
    onlyLong: true,
    behaviour: 'status-every',
    server: { status: 503 },
    outcomes: { ok: ['ok'], status: ['http_5xx'] },
    hit: ['http_5xx'],
  }),
  perRequest('an expected 404, every n-th', {
    onlyLong: true,
    behaviour: 'status-every',
    server: { status: 404 },
    request: {
      expect: {
        status: [
          [200, 299],
          [404, 404],
        ],
        bodyContains: undefined,
        bodyJson: undefined,
      },
    },
    outcomes: { ok: ['ok'], status: ['ok'] },
  }),
  perRequest('wrong body with 200, every n-th', {
    behaviour: 'wrong-body-every',
    request: { expect: { status: [[200, 299]], bodyContains: 'ok', bodyJson: undefined } },
    outcomes: { ok: ['ok'], wrong: ['check_failed'] },
    hit: ['check_failed'],
  }),
  perRequest('early hints before each answer', { onlyLong: true, behaviour: 'early-hints', outcomes: { ok: ['ok'] } }),
  perRequest('chunked answers', { onlyLong: true, behaviour: 'chunked', outcomes: { ok: ['ok'] } }),
  perRequest('keep-alive race: used connections close without a word', {
    behaviour: 'keep-alive-race',
    outcomes: { ok: ['ok'], closed: ['closed', 'reset'] },
  }),
];

/** A row whose truth is what the server did with each request. */
function perRequest(
  name: string,
  options: {
    behaviour: string;
    server?: Record<string, unknown>;
    request?: Partial<RequestPlan>;
    outcomes: Record<string, Outcome[]>;
    unseen?: Outcome[];
    onlyLong?: boolean;
    /** Is each request on a connection of its own? */
    connectionEach?: boolean;
    /** The outcome whose share must be 1 in `every`, if any. */
    hit?: Outcome[];
    /** At least this share of those that were hit ends like this. */
    mostly?: [Outcome, number];
  },
): Row {
  return {
    name,
    quick: options.onlyLong !== true,
    untimed: true,
    async run(size) {
      await using server = await TruthServer.start({
        behaviour: options.behaviour,
        every: size.every,
        ...options.server,
      });
      const experiment = await runLoad(both(server.url, options.request), size.steadySeconds);
      const log = server.log();
      expectWhole(experiment, Math.ceil(size.steadySeconds * RATE));
      expectAgreement(experiment, log, options.outcomes, options.unseen);
      if (options.connectionEach === true) {
        // Two more: the preflight of each driver.
        const connections = log.filter(({ event }) => event === 'connection').length;
        expect(connections).toBe(experiment.arrivals.length + 2);
      }
      if (options.hit) {
        const hit = experiment.arrivals.filter(({ outcome }) => options.hit?.includes(outcome)).length;
        expect(hit).toBe(Math.floor(experiment.arrivals.length / size.every));
        if (options.mostly) expect(experiment.count(options.mostly[0])).toBeGreaterThanOrEqual(options.mostly[1] * hit);
      }
      for (const arrival of experiment.arrivals) {
        if (arrival.outcome === 'timeout')
          expect(arrival.responseUs).toBe((options.request?.deadlineMs ?? 5000) * 1000);
      }
    },
  };
}
