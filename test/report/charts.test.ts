import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { driftBar } from '../../src/html/charts/drift.js';
import { renderReport } from '../../src/html/document.js';
import { shownPart } from '../../src/html/drift-sign.js';
import { percentilePlot } from '../../src/html/charts/distribution.js';
import {
  NARROW,
  WIDE,
  failureStretches,
  minMax,
  pointsOf,
  rankedColumn,
  type Point,
} from '../../src/html/charts/geometry.js';
import { badBars } from '../../src/html/charts/outcome-bars.js';
import { logTicks, spread, timeline } from '../../src/html/charts/timeline.js';
import { mermaid, topologyChart, topologyOf } from '../../src/html/charts/topology.js';
import type { RunResult } from '../../src/result/schema.js';
import { sampleResult, variants } from '../support/sample-result.js';

const column = fc.array(fc.option(fc.double({ min: 0, max: 10, noNaN: true }), { nil: null }), { maxLength: 3000 });

describe('thinning out', () => {
  it('keeps the lowest and the highest of every line, and few points', () => {
    fc.assert(
      fc.property(column, fc.integer({ min: 10, max: 300 }), (values, bins) => {
        const points = pointsOf(values, 0);
        const thinned = minMax(points, bins);
        const known = (list: Point[]): number[] => list.flatMap(({ y }) => (y === null ? [] : [y]));
        expect(Math.max(...known(thinned))).toBe(Math.max(...known(points)));
        expect(Math.min(...known(thinned))).toBe(Math.min(...known(points)));
        expect(thinned.map(({ x }) => x)).toEqual(thinned.map(({ x }) => x).toSorted((a, b) => a - b));
      }),
    );
  });

  it('loses no spike of one second in half an hour', () => {
    for (const at of [0, 1, 777, 1798, 1799]) {
      const values = Array.from({ length: 1800 }, (_, k) => (k === at ? 9 : 0.04));
      const thinned = minMax(pointsOf(values, 0), 240);
      expect(thinned.some(({ x, y }) => y === 9 && x === at + 0.5)).toBe(true);
      expect(thinned.length).toBeLessThanOrEqual(480);
    }
  });

  it('keeps a gap of one second a gap', () => {
    const values = Array.from({ length: 1800 }, (_, k) => (k === 900 ? null : 0.04));
    expect(minMax(pointsOf(values, 0), 240).filter(({ y }) => y === null)).toHaveLength(1);
  });

  it('leaves short lines alone', () => {
    const points = pointsOf([1, null, 3], 5);
    expect(minMax(points, 100)).toEqual([
      { x: 5.5, y: 1 },
      { x: 6.5, y: null },
      { x: 7.5, y: 3 },
    ]);
  });
});

describe('the timeline', () => {
  const result = sampleResult();
  const series = result.series[0]!;

  it('breaks a line where there is no data', () => {
    const gap = { ...series, p95S: series.p95S.map((value, k) => (k >= 10 && k < 14 ? null : value)) };
    const pathOf = (source: typeof series): string =>
      /class="line p95"\s+d="([^"]*)"/.exec(timeline(result, { series: source, limits: [] }, WIDE).text)?.[1] ?? '';
    expect(pathOf(series).match(/M/g)).toHaveLength(1);
    expect(pathOf(gap).match(/M/g)).toHaveLength(2);
  });

  it('names each fault and phase, and marks what was seen live', () => {
    const text = timeline(result, { series, limits: [{ valueS: 0.25, label: 'objective' }] }, WIDE).text;
    expect(text).toContain('f1 Added latency');
    expect(text).toContain('>baseline<');
    expect(text).toContain('class="mark recovered"');
    expect(text).toContain('>objective<');
  });

  it('shows no lane for a fault that never was', () => {
    const never = variants.empty().faults;
    expect(timeline({ ...result, faults: never }, { series, limits: [] }, WIDE).text).not.toContain('f1 Added latency');
  });

  it('draws the worst second of each bar', () => {
    const scheduled = Array.from({ length: 1800 }, () => 100);
    const timeouts = scheduled.map((_, k) => (k === 1234 ? 77 : 0));
    const bars = badBars({ ...series, scheduled, outcomes: { timeout: timeouts } }, 100);
    expect(bars).toHaveLength(1);
    expect(bars[0]).toMatchObject({ total: 77, counts: { timeout: 77 } });
  });

  it.each([WIDE, NARROW])('holds no NaN, whatever is missing (width $width)', (frame) => {
    for (const make of [sampleResult, ...Object.values(variants)]) {
      const any: RunResult = make();
      for (const one of any.series) {
        expect(timeline(any, { series: one, limits: [] }, frame).text).not.toMatch(/NaN|Infinity|undefined/);
      }
      const rows = any.distribution.map((row) => ({ ...row, allS: row.allS.map(() => null) }));
      expect(percentilePlot(rows, frame).text).not.toMatch(/NaN|Infinity|undefined/);
      expect(percentilePlot(any.distribution, frame).text).not.toMatch(/NaN|Infinity|undefined/);
      expect(topologyChart(any, frame).text).not.toMatch(/NaN|Infinity|undefined/);
    }
    const nothing = { ...series, scheduled: [], ok: [], outcomes: {}, p50S: [], p95S: [], p99S: [], maxS: [] };
    expect(timeline({ ...result, phases: [] }, { series: nothing, limits: [] }, frame).text).not.toMatch(
      /NaN|Infinity/,
    );
  });

  it('has ticks at 1, 2 and 5', () => {
    expect(logTicks(0.009, 0.3).map((tick) => Number(tick.toPrecision(1)))).toEqual([0.01, 0.02, 0.05, 0.1, 0.2]);
  });

  it('moves labels apart that would cover each other', () => {
    const labels = [{ y: 100 }, { y: 102 }, { y: 50 }];
    spread(labels, 12);
    expect(labels.map(({ y }) => y)).toEqual([90, 102, 50]);
  });
});

describe('the drift bar', () => {
  const slo = sampleResult().slos[1]!;
  const broken = variants.failed().slos[1]!;
  const part = slo.parts[1]!;
  const numbers = (text: string, pattern: RegExp): number => Number(pattern.exec(text)?.[1]);

  it('draws a passed interval before the line and a failed one beyond it', () => {
    const limit = /M([\d.]+) 1V/;
    const interval = /H([\d.]+)" class="interval"/;
    const passed = driftBar(part, shownPart(part, slo), 'x').text.replaceAll(/\s+/g, ' ');
    expect(numbers(passed, interval)).toBeLessThan(numbers(passed, limit));
    const failed = driftBar(broken.parts[1]!, shownPart(broken.parts[1]!, broken), 'x').text.replaceAll(/\s+/g, ' ');
    expect(numbers(failed, interval)).toBeGreaterThan(numbers(failed, limit));
    expect(failed).toContain('class="cross"');
    expect(passed).toContain('class="dot"');
  });

  it('lets an end without a bound leave through the edge', () => {
    const bar = (estimate: typeof part.estimate): string =>
      driftBar(part, shownPart({ ...part, estimate }, slo), 'x').text;
    const open = bar({ value: 0.1, low: 0.05, high: null });
    expect(open).toContain('H250" class="interval"');
    expect(bar({ value: null, low: null, high: null })).not.toMatch(/interval"|NaN/);
  });
});

describe('the sign of a drift', () => {
  const [availability, checkout] = sampleResult().slos;

  it('is that of the change, in text and bar alike', () => {
    const fall = shownPart(availability!.parts[1]!, availability!);
    expect(fall).toMatchObject({ value: -0.0002, limit: -0.001, badBelow: true });
    expect([fall.low, fall.high]).toEqual([-0.00095, 0.00044]);
    expect(shownPart(checkout!.parts[1]!, checkout!)).toMatchObject({ value: 0.1553, limit: 0.2, badBelow: false });
    const page = renderReport(sampleResult());
    expect(page).toContain('drift −0.02\u00A0pp</strong>, tolerance −0.1\u00A0pp');
    expect(page).toContain('(−0.02\u00A0pp, 95\u00A0% sure of at most −0.095\u00A0pp; tolerance −0.1\u00A0pp)');
    expect(page).not.toContain('drift +0.02');
  });

  it('is known of results that did not record it', () => {
    const { worse: _, ...old } = availability!;
    expect(shownPart(old.parts[1]!, old).limit).toBe(-0.001);
    const errors = { ...old, indicatorText: 'error rate', objectiveText: '<= 1%' };
    expect(shownPart(errors.parts[1]!, errors).limit).toBe(0.001);
  });
});

describe('a percentile that falls on a failure', () => {
  const scheduled = [100, 100, 100, 0];
  const ok = [100, 97, 0, 0];

  it('has no value, however fast the failures were, and is marked', () => {
    const column = [0.04, 0.05, 0.0003, null];
    expect(rankedColumn(column, { scheduled, ok }, 0.95)).toEqual([0.04, 0.05, null, null]);
    expect(rankedColumn(column, { scheduled, ok }, 0.99)).toEqual([0.04, null, null, null]);
    expect(failureStretches({ scheduled, ok }, 0.99)).toEqual([[1, 3]]);
    expect(failureStretches({ scheduled, ok }, 0.5)).toEqual([[2, 3]]);
  });

  it('leaves the line and shows as a bar at the top', () => {
    const result = sampleResult();
    const [series] = result.series;
    const dead = {
      ...series!,
      ok: series!.ok.map((count, k) => (k >= 25 && k < 30 ? 0 : count)),
      p95S: series!.p95S.map((value, k) => (k >= 25 && k < 30 ? 0.0003 : value)),
    };
    const text = timeline(result, { series: dead, limits: [] }, WIDE).text;
    expect(text).toContain('class="lost p95"');
    expect(/class="line p95"\s+d="([^"]*)"/.exec(text)?.[1]?.match(/M/g)).toHaveLength(2);
    expect(timeline(result, { series: series!, limits: [] }, WIDE).text).not.toContain('class="lost p50"');
  });
});

describe('the topology', () => {
  const link = (name: string, from: string, to: string) => ({
    name,
    from,
    to,
    listen: 'a:1',
    upstream: 'b:2',
    protocol: 'tcp',
  });
  const withLinks = (...links: ReturnType<typeof link>[]): RunResult => ({
    ...sampleResult(),
    topology: { services: [], links },
  });

  it('puts callers before the called', () => {
    const { nodes } = topologyOf(sampleResult());
    expect(nodes.map(({ name, layer }) => [name, layer])).toEqual([
      ['gateway', 0],
      ['order', 1],
      ['payment', 2],
      ['settlement', 3],
    ]);
  });

  it('survives cycles and links to oneself', () => {
    const result = withLinks(link('ab', 'a', 'b'), link('ba', 'b', 'a'), link('aa', 'a', 'a'));
    expect(topologyOf(result).nodes.every(({ layer }) => layer >= 0)).toBe(true);
    expect(topologyChart(result, WIDE).text).not.toContain('NaN');
  });

  it('marks what a fault hit, and whether it is back', () => {
    const { edges, nodes } = topologyOf(variants.uncleaned());
    expect(edges.find(({ link: { name } }) => name === 'order-payment')).toMatchObject({
      faults: ['f1 Added latency'],
      putBack: false,
    });
    expect(nodes.find(({ name }) => name === 'order')).toMatchObject({ faults: ['f2 Process killed'], putBack: true });
  });

  it('writes Mermaid text whose names cannot end their quotes', () => {
    const text = mermaid(sampleResult());
    expect(text).toContain('n1 -. "order-payment (grpc)<br>f1 Added latency" .-> n2');
    for (const line of mermaid(variants.hostile()).trim().split('\n')) {
      expect(line.match(/"/g) ?? []).toHaveLength(/\["|-- "|-\. "/.test(line) ? 2 : 0);
      expect(line).not.toMatch(/<(?!br>)|\p{Cc}/u);
    }
  });
});
