import { countArm, sampleOf, select } from '../arrivals.js';
import { criticalValue, disperse, spreadOf, type Arm, type Dispersion, type Spread } from '../dispersion.js';
import { differencePlan } from '../sample-size.js';
import {
  leastArrivals,
  quantileDrift,
  quantileInterval,
  quantileObjective,
  thresholdUs,
  type Sample,
} from '../quantile.js';
import {
  ALL_KINDS,
  deffFloor,
  withBaseline,
  type Answer,
  type Evidence,
  type EvidenceOptions,
  type WindowKind,
  type WindowSet,
} from './evidence.js';

interface Kind {
  sample: Sample;
  arms: Arm[];
  spreads: Spread[];
  /** Arrivals of the population. */
  n: number;
}

/** Evidence on a response time at a quantile, from exact order statistics. */
export function quantileEvidence(
  measure: { q: number; population: 'all' | 'ok' },
  windows: WindowSet,
  options: EvidenceOptions,
): Evidence {
  const { q, population } = measure;
  const { slo, stoppedEarly } = options;
  const floor = deffFloor(options);
  const gather = (on: readonly WindowKind[]): Kind => {
    const chosen = on
      .flatMap((kind) => windows[kind])
      .map((window) => ({ window, selected: select(window.streams, slo) }));
    const sample = sampleOf(chosen, population);
    // "Slower than the windows' own quantile"; failures are slower than everything.
    const thanUs = thresholdUs(sample, q);
    const arms = chosen.map(({ window, selected }) => countArm(selected, window, { is: 'slower', thanUs }, population));
    return {
      sample,
      arms,
      spreads: arms.map((arm) => spreadOf(arm)),
      n: sample.okUs.length + sample.failedUs.length,
    };
  };
  const kinds = Object.fromEntries(ALL_KINDS.map((kind) => [kind, gather([kind])])) as Record<WindowKind, Kind>;
  const { baseline, fault } = kinds;
  const dispersionOf = (of: readonly Kind[]): Dispersion =>
    disperse(
      of.flatMap((kind) => kind.spreads),
      { floor },
    );
  const shared = (dispersion: Dispersion, arms: 1 | 2, unit: Answer['unit']) => ({
    unit,
    dispersion,
    df: arms === 2 ? dispersion.df : dispersion.dfOne,
    ...(stoppedEarly ? { impossible: 'stopped_early' as const } : {}),
    assumptions: [
      population === 'all'
        ? 'an arrival that failed counts as slower than every answer'
        : 'failures are left out: this is how fast the answers were that came',
      'windows differ by the fault alone, apart from noise that the batches show',
    ],
  });

  return {
    unit: 'seconds',
    workings: { kind: 'quantile', q, of: kinds },
    baselineRho: baseline.spreads[0]?.rho ?? 0,
    total: (kind) => kinds[kind].n,
    estimate(kind) {
      if (kinds[kind].n === 0) return undefined;
      const dispersion = dispersionOf(withBaseline([kind]).map((other) => kinds[other]));
      const k = criticalValue(dispersion, 1 - slo.confidence, 1);
      return quantileInterval(kinds[kind].sample, q, k, dispersion.D);
    },

    objective(objective, on, alpha) {
      const only = on.length === 1 && on[0] !== undefined ? kinds[on[0]] : gather(on);
      const dispersion = dispersionOf(on.includes('baseline') ? [only] : [baseline, only]);
      const question = { sample: only.sample, q, dispersion, op: objective.op, limit: objective.value };
      const answer = quantileObjective({ ...question, alpha });
      return {
        pass: answer.pass,
        fail: answer.fail,
        interval: answer,
        limit: objective.value,
        method: 'order statistics',
        k: answer.k,
        failsAt: (level) => quantileObjective({ ...question, alpha: level }).fail,
        ...(answer.estimable ? {} : { impossible: 'quantile_not_estimable' as const }),
        ...shared(dispersion, 1, 'seconds'),
        atLeast: answer.atLeast,
        power: null,
        smallestTolerance: null,
        neededN: leastArrivals(q, answer.k, dispersion.D),
      };
    },

    tolerance(tolerance, alpha) {
      const relative = tolerance.type === 'relative';
      const delta = tolerance.value;
      const dispersion = dispersionOf([baseline, fault]);
      const question = {
        fault: fault.sample,
        base: baseline.sample,
        q,
        dispersion,
        delta,
        relative,
        direction: slo.direction,
      };
      const answer = quantileDrift({ ...question, alpha });
      const { value, low, high, k } = answer;
      const se = [baseline, fault].map(({ sample }) => {
        const interval = quantileInterval(sample, q, k, dispersion.D);
        return (relative ? Math.log(interval.high / interval.low) : interval.high - interval.low) / (2 * k);
      });
      const n = Math.min(baseline.n, fault.n);
      const plan = differencePlan({ se: Math.hypot(...se), k, delta: relative ? Math.log1p(delta) : delta, n });
      return {
        pass: answer.pass,
        fail: answer.fail,
        interval: { value, low, high },
        limit: delta,
        method: 'order statistics and MOVER',
        k,
        failsAt: (level) => quantileDrift({ ...question, alpha: level }).fail,
        ...(answer.estimable ? {} : { impossible: 'quantile_not_estimable' as const }),
        ...shared(dispersion, 2, relative ? 'relative' : 'seconds'),
        atLeast: answer.atLeast,
        power: plan.power,
        smallestTolerance: plan.smallest === null || !relative ? plan.smallest : Math.expm1(plan.smallest),
        neededN: plan.needed ?? leastArrivals(q, k, dispersion.D),
      };
    },
  };
}
