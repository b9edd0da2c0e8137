import { isFromElsewhere, unitOf } from '../verdict/indicators/registry.js';
import type { Indicator, Objective, Tolerance } from '../verdict/slo.js';
import { parseDurationMs, parseRatePerSecond, type Parsed } from '../support/units.js';

type Measures = 'ratio' | 'time' | 'rate' | 'number';

/** What kind of quantity an indicator is. */
function measures(indicator: Indicator): Measures {
  if (isFromElsewhere(indicator))
    return ({ ratio: 'ratio', seconds: 'time', per_second: 'rate', number: 'number' } as const)[unitOf(indicator)];
  switch (indicator.type) {
    case 'latency':
      return 'time';
    case 'throughput':
      return 'rate';
    case 'availability':
    case 'error-rate':
    case 'status':
    case 'latency-under':
      return 'ratio';
  }
}

/** `>= 99.9%`, `<= 250ms`, `>= 100/s`: the quantity must be the indicator's, the direction its good side. */
export function parseObjective(text: string, indicator: Indicator): Parsed<Omit<Objective, 'during'>> {
  const match = /^\s*(>=|<=|≥|≤)\s*(.+?)\s*$/.exec(text);
  const example = {
    ratio: indicator.type === 'error-rate' ? '"<= 0.1%"' : '">= 99.9%"',
    time: '"<= 250ms"',
    rate: '">= 100/s"',
    number: '"<= 12"',
  }[measures(indicator)];
  if (!match) return { ok: false, problem: `"${text}" is not an objective; write a limit such as ${example}` };
  const op = match[1] === '>=' || match[1] === '≥' ? '>=' : '<=';
  // Which way is good for a metric or a line of a log, only its owner knows.
  const anyWay = isFromElsewhere(indicator) && indicator.type !== 'exit';
  const wanted = anyWay
    ? op
    : isFromElsewhere(indicator) || indicator.type === 'latency' || indicator.type === 'error-rate'
      ? '<='
      : '>=';
  if (op !== wanted)
    return {
      ok: false,
      problem: `the objective "${text}" points the wrong way: for this indicator it must be "${wanted}", such as ${example}`,
    };
  const value = parseQuantity(match[2] ?? '', measures(indicator));
  if (!value.ok)
    return { ok: false, problem: `the objective "${text}" has the wrong unit; write a limit such as ${example}` };
  return { ok: true, value: { op, value: value.value } };
}

/** `0.02pp` (percentage points), `10%` (of the baseline), `5ms`: each its own type, allowed for some indicators only. */
export function parseTolerance(text: string, indicator: Indicator): Parsed<Tolerance> {
  const input = text.trim();
  if (/^[-+]?(\d+(\.\d*)?|\.\d+)$/.test(input)) {
    return {
      ok: false,
      problem: `the tolerance "${text}" has no unit; write ${input}pp (percentage points), ${input}% (of the baseline) or ${input}ms`,
    };
  }
  const points = /^(\d+(?:\.\d+)?|\.\d+)\s*pp$/.exec(input);
  const relative = /^(\d+(?:\.\d+)?|\.\d+)\s*%$/.exec(input);
  const tolerance: Tolerance | undefined = points
    ? { type: 'points', value: Number(points[1]) / 100 }
    : relative
      ? { type: 'relative', value: Number(relative[1]) / 100 }
      : secondsOf(input);
  if (!tolerance)
    return {
      ok: false,
      problem: `"${text}" is not a tolerance; write 0.02pp (percentage points), 10% (of the baseline) or 5ms`,
    };
  if (!(tolerance.value > 0)) return { ok: false, problem: `the tolerance "${text}" must be above zero` };

  const kind = measures(indicator);
  // For these the parts are checked together, where what they read is known.
  if (isFromElsewhere(indicator)) return { ok: true, value: tolerance };
  if (tolerance.type === 'points' && kind !== 'ratio') {
    return {
      ok: false,
      problem: `"${text}": percentage points make sense for shares only; write ${kind === 'time' ? '5ms or 10%' : '10%'}`,
    };
  }
  if (tolerance.type === 'seconds' && kind !== 'time') {
    return {
      ok: false,
      problem: `"${text}": a time is a tolerance for latency only; write ${kind === 'ratio' ? '0.02pp (percentage points)' : '10%'}`,
    };
  }
  if (tolerance.type === 'relative' && kind === 'ratio' && indicator.type !== 'error-rate') {
    return {
      ok: false,
      problem: `"${text}" of what: of the good share or of the failures? For this indicator write percentage points, such as ${relative?.[1] ?? '0.1'}pp`,
    };
  }
  return { ok: true, value: tolerance };
}

function parseQuantity(text: string, kind: Measures): Parsed {
  if (kind === 'time') {
    const parsed = parseDurationMs(text);
    return parsed.ok ? { ok: true, value: parsed.value / 1000 } : parsed;
  }
  if (kind === 'rate') return parseRatePerSecond(text);
  if (kind === 'number') {
    const value = Number(text);
    const isNumber = /^\d+(\.\d+)?$/.test(text);
    return isNumber ? { ok: true, value } : { ok: false, problem: `"${text}" is not a number` };
  }
  const match = /^(\d+(?:\.\d+)?|\.\d+)\s*%$/.exec(text);
  const ratio = Number(match?.[1]) / 100;
  if (!match || ratio > 1) return { ok: false, problem: `"${text}" is not a share in percent` };
  return { ok: true, value: Number(ratio.toFixed(12)) };
}

function secondsOf(text: string): Tolerance | undefined {
  const parsed = parseDurationMs(text);
  return parsed.ok ? { type: 'seconds', value: parsed.value / 1000 } : undefined;
}
