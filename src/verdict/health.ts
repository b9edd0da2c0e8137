import { testOf, visit, type Selected, type Trait } from './arrivals.js';
import type { Evidence } from './evidence/evidence.js';
import type { Measure } from './indicators/indicator.js';
import { bucketWidth, type Buckets } from './recovery.js';
import type { Slo, Tolerance } from './slo.js';
import { formatValue } from './words.js';

/** What makes a bucket bad. `share`: more than `limit` of its arrivals are; `rate`: fewer good answers a second. */
export type Health =
  { kind: 'share'; limit: number; bad: Trait; okOnly: boolean } | { kind: 'rate'; limit: number; good: Trait };

/** Where an SLO has nothing but `recoverWithin`: what still counts as well. */
const DEFAULT_TOLERANCE = { ratio: 0.01, quantile: 1, rate: 0.1 };

/** A last bucket that is short by less than this share was whole but for the edges' own jitter. */
const EDGE = 0.05;

/** What well means for an SLO: its objective, or without one the baseline and the tolerance. */
export function healthOf(measure: Measure, slo: Slo, evidence: Evidence): Health {
  const base = evidence.estimate('baseline')?.value;
  const { objective } = slo;
  switch (measure.kind) {
    case 'ratio': {
      const { bad, report } = measure;
      if (objective) {
        const limit = report === 'good' ? 1 - objective.value : objective.value;
        return { kind: 'share', limit, bad, okOnly: false };
      }
      const p = base === undefined ? 0 : report === 'good' ? 1 - base : base;
      return { kind: 'share', limit: p + drift(slo, p, DEFAULT_TOLERANCE.ratio), bad, okOnly: false };
    }
    case 'quantile': {
      const { q, population } = measure;
      const q0 = base ?? 0;
      const limitS = objective ? objective.value : q0 + drift(slo, q0, q0 * DEFAULT_TOLERANCE.quantile);
      return {
        kind: 'share',
        // Twice the nominal share (10 % for P95); for a median that would be everything.
        limit: Math.min(2 * (1 - q), 1 - q / 2),
        bad: { is: 'slower', thanUs: limitS * 1e6 },
        okOnly: population === 'ok',
      };
    }
    case 'values':
    case 'exits':
      throw new Error('recoverWithin is read from arrivals: the scenario refuses it for other indicators');
    case 'rate': {
      const rate = base ?? 0;
      const least = objective ? objective.value : rate - drift(slo, rate, rate * DEFAULT_TOLERANCE.rate);
      return { kind: 'rate', limit: least, good: measure.good };
    }
  }
}

/** The tolerated drift in the indicator's own unit. */
function drift(slo: Slo, base: number, otherwise: number): number {
  const sizes = slo.tolerances.map((tolerance: Tolerance) =>
    tolerance.type === 'relative' ? tolerance.value * base : tolerance.value,
  );
  if (sizes.length === 0) return otherwise;
  return slo.combine === 'any' ? Math.max(...sizes) : Math.min(...sizes);
}

/** How wide the buckets of a recovery should be. */
export function widthOf(
  selected: readonly Selected[],
  health: Health,
  fromUs: number,
  toUs: number,
  withinS: number,
): { widthS: number; coarse: boolean } {
  const observedS = (toUs - fromUs) / 1e6;
  if (health.kind === 'rate') return { widthS: 1, coarse: false };
  let arrivals = 0;
  visit(selected, fromUs, (stream, i) => {
    if ((stream.dueUs[i] ?? 0) < toUs) arrivals++;
  });
  return bucketWidth({ limit: health.limit, ratePerSecond: arrivals / observedS, observedS, withinS });
}

/** Cuts [fromUs, toUs) into buckets, keyed on due time; a bucket without an arrival is bad. */
export function bucketsOf(
  selected: readonly Selected[],
  health: Health,
  fromUs: number,
  toUs: number,
  widthS: number,
): Buckets {
  const count = Math.max(0, Math.floor((toUs - fromUs) / (widthS * 1e6) + EDGE));
  const x = new Float64Array(count);
  const n = new Float64Array(count);
  const test = testOf(health.kind === 'share' ? health.bad : health.good);
  const okOnly = health.kind === 'share' && health.okOnly;
  visit(selected, fromUs, (arrivals, i) => {
    const bucket = Math.floor(((arrivals.dueUs[i] ?? 0) - fromUs) / (widthS * 1e6));
    if (bucket >= count || (okOnly && arrivals.outcome[i] !== 0)) return;
    if (test(arrivals, i)) x[bucket] = (x[bucket] ?? 0) + 1;
    n[bucket] = (n[bucket] ?? 0) + 1;
  });
  const isBad = Array.from(n, (total, bucket) => {
    const hits = x[bucket] ?? 0;
    if (total === 0) return true;
    return health.kind === 'share' ? hits / total > health.limit : hits / widthS < health.limit;
  });
  const counts = health.kind === 'share' && health.limit > 0 ? { x, n, limit: health.limit } : undefined;
  return { widthS, fromS: fromUs / 1e6, isBad, ...(counts ? { counts } : {}) };
}

/** The assumption behind a time to recover. */
export function healthInWords(health: Health, slo: Slo): string {
  const from =
    slo.objective || slo.tolerances.length > 0 ? '' : ' (a default: the SLO has neither an objective nor a tolerance)';
  return health.kind === 'rate'
    ? `well means at least ${formatValue(health.limit, 'per_second')}${from}`
    : `well means that at most ${formatValue(health.limit, 'ratio')} of a bucket's arrivals are bad${from}`;
}
