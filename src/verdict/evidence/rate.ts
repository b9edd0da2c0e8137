import { countArm, select, type Trait } from '../arrivals.js';
import { differencePlan } from '../sample-size.js';
import { poolRates, rateArm, rateDispersion, rateDrift, rateObjective, type RateArm } from '../throughput.js';
import {
  ALL_KINDS,
  withBaseline,
  type Evidence,
  type EvidenceOptions,
  type WindowKind,
  type WindowSet,
} from './evidence.js';

interface Kind {
  arm: RateArm;
  goodPerSecond: Float64Array[];
  /** Arrivals offered. */
  n: number;
}

/** Evidence on goodput: ok answers per second. */
export function rateEvidence(measure: { good: Trait }, windows: WindowSet, options: EvidenceOptions): Evidence {
  const { slo, stoppedEarly } = options;
  const gather = (on: readonly WindowKind[]): Kind => {
    const arms = on
      .flatMap((kind) => windows[kind])
      .map((window) => countArm(select(window.streams, slo), window, measure.good));
    return {
      goodPerSecond: arms.map(({ badPerSecond }) => badPerSecond),
      arm: poolRates(arms.map(({ badPerSecond }) => rateArm(badPerSecond))),
      n: arms.reduce((sum, { n }) => sum + n, 0),
    };
  };
  const kinds = Object.fromEntries(ALL_KINDS.map((kind) => [kind, gather([kind])])) as Record<WindowKind, Kind>;
  const { baseline, fault } = kinds;
  const shared = {
    ...(stoppedEarly ? { impossible: 'stopped_early' as const } : {}),
    assumptions: [
      'in an open model, goodput equals the offered load until something saturates: judge availability too',
    ],
  };
  const dispersionOf = (on: readonly WindowKind[]) =>
    rateDispersion(on.filter((kind) => kinds[kind].n > 0).map((kind) => kinds[kind].arm));

  return {
    unit: 'per_second',
    workings: { kind: 'rate', of: kinds },
    baselineRho: baseline.arm.rho,
    total: (kind) => kinds[kind].n,
    estimate(kind) {
      if (kinds[kind].n === 0) return undefined;
      const dispersion = dispersionOf(withBaseline([kind]));
      return rateObjective({ arm: kinds[kind].arm, dispersion, alpha: 1 - slo.confidence, op: '>=', limit: 0 });
    },

    objective(objective, on, alpha) {
      const { arm } = gather(on);
      const dispersion = dispersionOf(withBaseline(on));
      const question = { arm, dispersion, op: objective.op, limit: objective.value };
      const answer = rateObjective({ ...question, alpha });
      return {
        pass: answer.pass,
        fail: answer.fail,
        interval: answer,
        limit: objective.value,
        unit: 'per_second',
        method: 'batch means on logarithms',
        dispersion,
        k: answer.k,
        df: dispersion.dfOne,
        failsAt: (level) => rateObjective({ ...question, alpha: level }).fail,
        power: null,
        smallestTolerance: null,
        neededN: null,
        ...shared,
      };
    },

    tolerance(tolerance, alpha) {
      const delta = tolerance.value;
      const dispersion = dispersionOf(['baseline', 'fault']);
      const common = {
        limit: delta,
        unit: 'relative' as const,
        method: 'batch means on logarithms',
        dispersion,
        df: dispersion.df,
        ...shared,
      };
      if (baseline.arm.mean === 0 || fault.arm.mean === 0) {
        const dead = baseline.arm.mean > 0;
        return {
          ...common,
          // Nothing came back although load was offered: there is no doubt to quantify.
          pass: false,
          fail: dead,
          interval: { value: dead ? 1 : 0, low: dead ? 1 : -Infinity, high: dead ? 1 : Infinity },
          k: null,
          failsAt: () => dead,
          ...(dead || stoppedEarly ? {} : { impossible: 'baseline_unhealthy' as const }),
          power: null,
          smallestTolerance: null,
          neededN: null,
        };
      }
      const question = { fault: fault.arm, base: baseline.arm, delta, direction: slo.direction };
      const answer = rateDrift({ ...question, alpha });
      const { value, low, high, k } = answer;
      const plan = differencePlan({
        se: Math.sqrt((fault.arm.variance + baseline.arm.variance) * dispersion.phi),
        k,
        delta: -Math.log1p(-Math.min(delta, 0.999)),
        n: Math.min(baseline.n, fault.n),
      });
      return {
        ...common,
        pass: answer.pass,
        fail: answer.fail,
        interval: { value, low, high },
        k,
        failsAt: (level) => rateDrift({ ...question, alpha: level }).fail,
        power: plan.power,
        smallestTolerance: plan.smallest === null ? null : -Math.expm1(-plan.smallest),
        neededN: plan.needed,
      };
    },
  };
}
