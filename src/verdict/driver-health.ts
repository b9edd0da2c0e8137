import { select } from './arrivals.js';
import { both, type Blocker } from './blocker.js';
import type { EvidenceOptions, WindowKind, WindowSet } from './evidence/evidence.js';
import type { JudgeWindow } from './input.js';
import { significant } from './words.js';

/** Scheduling lag of the load driver that still leaves latencies worth reading. */
const LAG_LIMIT_MS = 10;
const LAG_SHARE = 0.1;

/** Was the load driver well in the windows of a kind? */
export function driverBlockers(windows: WindowSet, kind: WindowKind, options: EvidenceOptions): Blocker[] {
  const { slo } = options;
  const limitS =
    slo.indicator.type === 'latency-under'
      ? slo.indicator.limitS
      : slo.indicator.type === 'latency'
        ? slo.objective?.value
        : undefined;
  const lagLimit = Math.min(LAG_LIMIT_MS, limitS === undefined ? Infinity : LAG_SHARE * limitS * 1000);
  const found: Blocker[] = [];
  for (const window of windows[kind]) {
    for (const model of modelsOf(windows, kind, slo)) {
      const broken = window.driverInvalid[model];
      const lag = window.schedulingLagP99Ms[model];
      if (broken.length > 0) {
        found.push(
          both({
            code: 'generator_saturated',
            window: kind,
            observed: broken.join('; '),
            message: `the load driver was not well in the ${kind} window: ${broken.join('; ')}`,
            hint: 'Lower the rate, or free the machine.',
          }),
        );
      } else if (lag > lagLimit) {
        found.push(saturated(kind, `scheduling lag p99 was ${significant(lag, 3)} ms`, lagLimit));
      }
    }
  }
  return found;
}

function saturated(window: WindowKind, message: string, limitMs: number): Blocker {
  return both({
    code: 'generator_saturated',
    window,
    observed: message,
    required: `at most ${significant(limitMs, 3)} ms`,
    message: `the load driver was late in the ${window} window: ${message}`,
    hint: 'Lower the rate, free the machine, or ask for less precision.',
  });
}

function modelsOf(windows: WindowSet, kind: WindowKind, slo: EvidenceOptions['slo']): ('open' | 'closed')[] {
  return [
    ...new Set(windows[kind].flatMap((window) => select(window.streams, slo).map(({ arrivals }) => arrivals.model))),
  ];
}

/** Was the driver as late in one window as in the other, to within a tenth of the tolerated drift? */
export function lagBlockers(
  windows: WindowSet,
  during: JudgeWindow,
  before: JudgeWindow,
  slo: EvidenceOptions['slo'],
  toleranceS: number,
): Blocker[] {
  const limit = LAG_SHARE * toleranceS * 1000;
  return modelsOf(windows, 'fault', slo).flatMap((model) => {
    const lag = Math.abs(during.schedulingLagP99Ms[model] - before.schedulingLagP99Ms[model]);
    if (lag <= limit) return [];
    return [saturated('fault', `scheduling lag differs by ${significant(lag, 3)} ms from the baseline's`, limit)];
  });
}
