import { formatMs } from '../support/units.js';
import type { Answer } from './evidence/evidence.js';
import type { Interval } from './interval.js';
import type { Objective } from './slo.js';

export type Unit = Answer['unit'];

/** A value of an indicator for people: `99.93 %`, `41 ms`, `120/s`. */
export function formatValue(value: number, unit: Unit): string {
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  switch (unit) {
    case 'ratio':
    case 'relative':
      return `${shareDigits(value)} %`;
    case 'seconds':
      return formatMs(value * 1000);
    case 'per_second':
      return `${significant(value, 4)}/s`;
    case 'number':
      return significant(value, 4);
  }
}

/** A drift with its sign: `+0.12 pp`, `+195 ms`, `−3.1 %`. Positive is up, whichever way is bad. */
export function formatDrift(drift: number, unit: Unit): string {
  const sign = drift < 0 ? '−' : '+';
  const size = Math.abs(drift);
  if (!Number.isFinite(size)) return `${sign}∞`;
  switch (unit) {
    case 'ratio':
      return `${sign}${significant(size * 100, 3)} pp`;
    case 'relative':
      return `${sign}${significant(size * 100, 3)} %`;
    case 'seconds':
      return `${sign}${formatMs(size * 1000)}`;
    case 'per_second':
      return `${sign}${significant(size, 3)}/s`;
    case 'number':
      return `${sign}${significant(size, 3)}`;
  }
}

/** "rose from 41 ms to 236 ms (+195 ms, 95 % sure of at least +188 ms; tolerance +50 ms)". */
export function driftSentence(options: {
  before: number;
  after: number;
  unit: Exclude<Unit, 'relative'>;
  answer: Answer;
  confidence: number;
  /** 1: up is bad, −1: down is bad. */
  bad: 1 | -1;
  verdict: 'passed' | 'failed' | 'inconclusive';
}): string {
  const { before, after, unit, answer, confidence, bad, verdict } = options;
  const { interval, limit } = answer;
  const from = formatValue(before, unit);
  const to = `${answer.atLeast ? 'at least ' : ''}${formatValue(after, unit)}`;
  const verb = after > before ? 'rose' : 'fell';
  const move = from === to ? `stayed at ${from}` : `${verb} from ${withoutUnit(from, to)} to ${to}`;
  // A drift down is shown as one: the interval's ends change places with the sign.
  const show = (drift: number): string => formatDrift(drift === 0 ? 0 : bad * drift, answer.unit);
  const sure = `${significant(confidence * 100, 4)} % sure`;
  const bound =
    verdict === 'failed'
      ? `${sure} of at least ${show(interval.low)}`
      : verdict === 'passed'
        ? `${sure} of at most ${show(interval.high)}`
        : `somewhere between ${show(interval.low)} and ${show(interval.high)}`;
  return `${move} (${show(interval.value)}, ${bound}; tolerance ${formatDrift(bad * limit, answer.unit)})`;
}

/** "was 98.2 % (95 % sure of at most 98.6 %; objective >= 99.9 %)". */
export function objectiveSentence(options: {
  answer: Answer;
  objective: Objective;
  confidence: number;
  verdict: 'passed' | 'failed' | 'inconclusive';
}): string {
  const { answer, objective, confidence, verdict } = options;
  const { interval, unit } = answer;
  const sure = `${significant(confidence * 100, 4)} % sure`;
  const upIsGood = objective.op === '>=';
  const low = formatValue(interval.low, unit);
  const high = formatValue(interval.high, unit);
  const bound =
    verdict === 'inconclusive'
      ? `somewhere between ${low} and ${high}`
      : (verdict === 'passed') === upIsGood
        ? `${sure} of at least ${low}`
        : `${sure} of at most ${high}`;
  const value = `${answer.atLeast ? 'at least ' : ''}${formatValue(interval.value, unit)}`;
  return `was ${value} (${bound}; objective ${objective.op} ${formatValue(objective.value, unit)})`;
}

/** "from 41 to 236 ms": the unit once, where it is the same. */
function withoutUnit(from: string, to: string): string {
  const unit = / \S+$/.exec(to)?.[0];
  return unit !== undefined && from.endsWith(unit) ? from.slice(0, -unit.length) : from;
}

/** Ends that JSON cannot carry become null. */
export function finiteEstimate(interval: Interval): { value: number | null; low: number | null; high: number | null } {
  const finite = (x: number): number | null => (Number.isFinite(x) ? x : null);
  return { value: finite(interval.value), low: finite(interval.low), high: finite(interval.high) };
}

export function significant(value: number, digits: number): string {
  return String(Number(value.toPrecision(digits)));
}

/** Percent with as many digits as it takes to see what is missing from 0 or 100. */
function shareDigits(share: number): string {
  const rest = Math.min(Math.abs(share), Math.abs(1 - share)) * 100;
  const digits = rest === 0 || rest >= 10 ? 1 : Math.min(6, 1 - Math.floor(Math.log10(rest)));
  return String(Number((share * 100).toFixed(digits)));
}
