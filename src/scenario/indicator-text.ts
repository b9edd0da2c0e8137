import type { Indicator } from '../verdict/slo.js';
import { parseDurationMs, type Parsed } from '../support/units.js';

export const INDICATOR_FORMS =
  'availability, error rate, status 200, latency p95 (p50 … p99.9), latency under 200ms, throughput, prometheus, log, exit';

/** `latency p95`, `availability`, `error rate`, `status 200`, `latency under 200ms`, `throughput`. */
export function parseIndicator(text: string, population: 'all' | 'ok' = 'all'): Parsed<Indicator> {
  const words = text.trim().toLowerCase().replace(/\s+/g, ' ');
  if (words === 'availability') return { ok: true, value: { type: 'availability' } };
  if (words === 'error rate' || words === 'error-rate') return { ok: true, value: { type: 'error-rate' } };
  if (words === 'throughput') return { ok: true, value: { type: 'throughput' } };

  const status = /^status ([1-5]\d\d)$/.exec(words);
  if (status) return { ok: true, value: { type: 'status', status: Number(status[1]) } };

  const quantile = /^latency p(\d{1,2}(?:\.\d+)?)$/.exec(words);
  if (quantile) {
    const percent = Number(quantile[1]);
    if (percent < 1 || percent > 99.99)
      return { ok: false, problem: `"${text}": the percentile must lie between p1 and p99.99` };
    return { ok: true, value: { type: 'latency', quantile: Number((percent / 100).toFixed(6)), population } };
  }

  const under = /^latency (?:under|<=?) (.+)$/.exec(words);
  if (under) {
    const limit = parseDurationMs(under[1] ?? '');
    if (!limit.ok) return limit;
    if (limit.value <= 0) return { ok: false, problem: `"${text}": the limit must be above zero` };
    return { ok: true, value: { type: 'latency-under', limitS: limit.value / 1000 } };
  }
  return { ok: false, problem: `"${text}" is not an indicator; write one of: ${INDICATOR_FORMS}` };
}
