import { OUTCOMES, type Outcome, type OutcomeCounts } from '../../src/record/outcomes.js';
import type { LedgerRow, RunResult, Series } from '../../src/result/schema.js';
import type { Random } from '../../src/support/random.js';

/** How long each phase of a sample lasts, in seconds, and how many arrivals a second its open stream has. */
export interface SampleShape {
  warmupS: number;
  baselineS: number;
  faultS: number;
  recoveryS: number;
  ratePerSecond: number;
  shoppersPerSecond: number;
}

/** When things happened, in seconds from t0. */
export interface Times {
  baseline: number;
  baselineEnd: number;
  inject: number;
  fault: number;
  kill: number;
  back: number;
  faultEnd: number;
  recovery: number;
  end: number;
}

export function timesOf(shape: SampleShape): Times {
  const baseline = shape.warmupS;
  const baselineEnd = baseline + shape.baselineS;
  const inject = round(baselineEnd + 0.01, 3);
  const fault = round(baselineEnd + 0.42, 3);
  const kill = round(fault + shape.faultS / 2, 3);
  const faultEnd = round(fault + shape.faultS, 3);
  const recovery = round(faultEnd + 0.61, 3);
  return {
    baseline,
    baselineEnd,
    inject,
    fault,
    kill,
    back: round(kill + 1.9, 3),
    faultEnd,
    recovery,
    end: round(recovery + shape.recoveryS, 3),
  };
}

type WindowName = LedgerRow['window'];

interface DrawnStream {
  series: Series;
  ledger: LedgerRow[];
  distribution: RunResult['distribution'];
  samples: RunResult['samples'];
}

const QUANTILES = [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999, 0.9995, 0.9999];

/** Draws every arrival of one stream, and counts what a run would count. */
export function drawStream(stream: 'checkouts' | 'shoppers', rate: number, times: Times, chance: Random): DrawnStream {
  const seconds = Math.ceil(times.end);
  const requests = stream === 'checkouts' ? ['checkout'] : ['browse', 'item'];
  const series = emptySeries(stream, stream === 'checkouts' ? 'open' : 'closed');
  const byWindow = new Map<WindowName, { all: number[]; ok: number[] }>();
  const counts = new Map<string, { row: LedgerRow }>();
  const samples: RunResult['samples'] = [];
  const count = (request: string | undefined, window: WindowName, outcome: Outcome): void => {
    const key = `${request ?? ''}/${window}`;
    const entry = counts.get(key) ?? {
      row: { stream, ...(request === undefined ? {} : { request }), window, scheduled: 0, outcomes: {} },
    };
    entry.row.scheduled++;
    entry.row.outcomes[outcome] = (entry.row.outcomes[outcome] ?? 0) + 1;
    counts.set(key, entry);
  };
  for (let second = 0; second < seconds; second++) {
    const scheduled = stream === 'checkouts' ? rate : Math.round(rate + 8 * (chance.next() - 0.5));
    const outcomes: OutcomeCounts = {};
    const responses: number[] = [];
    for (let at = 0; at < scheduled; at++) {
      const dueS = round(second + (at + chance.next()) / scheduled, 6);
      const window = windowAt(dueS, times);
      const request = requests[chance.int(requests.length)] ?? requests[0] ?? '';
      const { responseS, outcome } = drawArrival(stream, request, dueS, times, chance);
      responses.push(responseS);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      for (const name of ['run', window] as const) {
        count(undefined, name, outcome);
        if (requests.length > 1) count(request, name, outcome);
      }
      const kept = byWindow.get(window) ?? { all: [], ok: [] };
      byWindow.set(window, kept);
      kept.all.push(outcome === 'ok' ? responseS : Infinity);
      if (outcome === 'ok') kept.ok.push(responseS);
      if (outcome !== 'ok' || responseS > 0.23) {
        samples.push(sampleOf(stream, request, dueS, responseS, outcome, window, chance));
      }
    }
    appendSecond(series, scheduled, outcomes, responses);
  }
  return {
    series,
    ledger: [...counts.values()].map(({ row }) => row),
    distribution: (['baseline', 'fault', 'recovery'] as const).map((window) => {
      const kept = byWindow.get(window) ?? { all: [], ok: [] };
      kept.all.sort((a, b) => a - b);
      kept.ok.sort((a, b) => a - b);
      return {
        window,
        stream,
        quantiles: QUANTILES,
        allS: QUANTILES.map((q) => quantile(kept.all, q)),
        okS: QUANTILES.map((q) => quantile(kept.ok, q)),
      };
    }),
    samples: [
      ...samples
        .filter((sample) => sample.kind === 'slowest')
        .sort((a, b) => b.responseS - a.responseS)
        .slice(0, 8),
      ...samples.filter((sample) => sample.kind === 'failed').slice(0, 8),
    ],
  };
}

function drawArrival(
  stream: 'checkouts' | 'shoppers',
  request: string,
  dueS: number,
  times: Times,
  chance: Random,
): { responseS: number; outcome: Outcome } {
  const median = stream === 'checkouts' ? 0.0215 : request === 'browse' ? 0.0064 : 0.0048;
  let responseS = median * Math.exp(0.385 * normal(chance));
  if (chance.next() < 0.004) responseS *= 2.2;
  // A cold start: the first seconds are slower.
  responseS *= 1 + 1.6 * Math.exp(-dueS / 1.1);
  const late = dueS >= times.inject + 0.1 && dueS < times.faultEnd + 0.2;
  const sinceKill = dueS - times.kill;
  const oneReplica = sinceKill >= 0 && dueS < times.back;
  if (oneReplica) responseS *= 1.6;
  if (stream === 'checkouts' && late) responseS += 0.15 + 0.01 * (2 * chance.next() - 1);
  const backlog = dueS - times.faultEnd;
  if (stream === 'checkouts' && backlog > 0.2 && backlog < 2) responseS += 0.04 * (1 - backlog / 2);
  let outcome: Outcome = 'ok';
  if (sinceKill >= 0 && sinceKill < 0.12) {
    const fate = chance.next();
    if (stream === 'shoppers' && fate < 0.5) outcome = fate < 0.2 ? 'reset' : 'refused';
    if (stream === 'checkouts' && sinceKill < 0.0045) outcome = 'http_5xx';
  }
  return { responseS: round(outcome === 'ok' ? responseS : responseS * 0.2, 6), outcome };
}

function sampleOf(
  stream: string,
  request: string,
  dueS: number,
  responseS: number,
  outcome: Outcome,
  window: RunResult['samples'][number]['window'],
  chance: Random,
): RunResult['samples'][number] {
  let traceId = '';
  while (traceId.length < 32) traceId += chance.int(16).toString(16);
  const status = outcome === 'ok' ? 200 : outcome === 'http_5xx' ? 503 : 0;
  const kind = outcome === 'ok' ? 'slowest' : 'failed';
  return { kind, stream, request, dueS, responseS, status, outcome, window, traceId };
}

function windowAt(dueS: number, times: Times): 'baseline' | 'fault' | 'recovery' | 'none' {
  if (dueS >= times.baseline && dueS < times.baselineEnd) return 'baseline';
  if (dueS >= times.fault && dueS < times.faultEnd) return 'fault';
  return dueS >= times.recovery && dueS < times.end ? 'recovery' : 'none';
}

function emptySeries(stream: string, model: 'open' | 'closed'): Series {
  return { stream, model, fromS: 0, scheduled: [], ok: [], outcomes: {}, p50S: [], p95S: [], p99S: [], maxS: [] };
}

function appendSecond(series: Series, scheduled: number, outcomes: OutcomeCounts, responses: number[]): void {
  responses.sort((a, b) => a - b);
  const before = series.scheduled.length;
  series.scheduled.push(scheduled);
  series.ok.push(outcomes.ok ?? 0);
  for (const outcome of OUTCOMES) {
    if (outcomes[outcome] !== undefined) series.outcomes[outcome] ??= Array.from({ length: before }, () => 0);
    series.outcomes[outcome]?.push(outcomes[outcome] ?? 0);
  }
  series.p50S.push(quantile(responses, 0.5));
  series.p95S.push(quantile(responses, 0.95));
  series.p99S.push(quantile(responses, 0.99));
  series.maxS.push(responses.at(-1) ?? null);
}

export function driverHealth(series: Series, chance: Random): RunResult['health'][number] {
  return {
    driver: series.model,
    fromS: 0,
    schedulingLagP99Ms: series.scheduled.map(() => round(0.4 + 0.5 * chance.next(), 2)),
    eventLoopDelayP99Ms: series.scheduled.map(() => round(1.1 + 0.7 * chance.next(), 2)),
    cpuShare: series.scheduled.map(() => round(0.18 + 0.05 * chance.next(), 3)),
    invalid: [],
  };
}

/** The nearest-rank quantile; null where the rank falls on an arrival that is not ok (infinite) or there is none. */
function quantile(sorted: number[], q: number): number | null {
  const value = sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))];
  return value === undefined || !Number.isFinite(value) ? null : value;
}

/** Box–Muller. */
function normal(chance: Random): number {
  return Math.sqrt(-2 * Math.log(1 - chance.next())) * Math.cos(2 * Math.PI * chance.next());
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
