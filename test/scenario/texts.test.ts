import { describe, expect, it } from 'vitest';
import { parseIndicator } from '../../src/scenario/indicator-text.js';
import { parseObjective, parseTolerance } from '../../src/scenario/limit-text.js';
import { didYouMean } from '../../src/scenario/problems.js';

const availability = { type: 'availability' } as const;
const errorRate = { type: 'error-rate' } as const;
const p95 = { type: 'latency', quantile: 0.95, population: 'all' } as const;

describe('indicators', () => {
  it.each([
    ['availability', availability],
    ['error rate', errorRate],
    ['status 202', { type: 'status', status: 202 }],
    ['latency p99.9', { type: 'latency', quantile: 0.999, population: 'all' }],
    ['latency under 200ms', { type: 'latency-under', limitS: 0.2 }],
    ['throughput', { type: 'throughput' }],
  ])('%s', (text, indicator) => {
    expect(parseIndicator(text)).toEqual({ ok: true, value: indicator });
  });

  it.each(['latency', 'latency p0', 'status 2xx', 'prometheus up', 'latency under 200', ''])('refuses "%s"', (text) => {
    expect(parseIndicator(text).ok).toBe(false);
  });
});

describe('tolerances are typed', () => {
  it.each([
    ['0.02pp', availability, { type: 'points', value: 0.0002 }],
    ['10%', errorRate, { type: 'relative', value: 0.1 }],
    ['5ms', p95, { type: 'seconds', value: 0.005 }],
    ['3%', p95, { type: 'relative', value: 0.03 }],
  ] as const)('%s', (text, indicator, tolerance) => {
    expect(parseTolerance(text, indicator)).toEqual({ ok: true, value: tolerance });
  });

  it.each([
    ['0.0002', availability, /write 0.0002pp \(percentage points\)/],
    ['1%', availability, /percentage points/],
    ['1pp', p95, /shares only/],
    ['5ms', availability, /latency only/],
    ['0pp', availability, /above zero/],
  ] as const)('refuses %s', (text, indicator, sentence) => {
    const parsed = parseTolerance(text, indicator);
    expect(parsed.ok ? '' : parsed.problem).toMatch(sentence);
  });
});

describe('objectives', () => {
  it('have the unit of their indicator', () => {
    expect(parseObjective('>= 99.9%', availability)).toEqual({ ok: true, value: { op: '>=', value: 0.999 } });
    expect(parseObjective('<= 250ms', p95)).toEqual({ ok: true, value: { op: '<=', value: 0.25 } });
    expect(parseObjective('<= 99.9%', p95).ok).toBe(false);
    expect(parseObjective('99.9%', availability).ok).toBe(false);
  });
});

describe('did you mean', () => {
  it('finds typing errors and nothing far-fetched', () => {
    expect(didYouMean('recoverWithn', ['tolerance', 'recoverWithin'])).toBe('recoverWithin');
    expect(didYouMean('lnk', ['link', 'latency'])).toBe('link');
    expect(didYouMean('zzzzzz', ['link', 'latency'])).toBeUndefined();
  });
});
