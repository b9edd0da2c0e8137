import type { Measure } from '../indicators/indicator.js';
import { differencePlan } from '../sample-size.js';
import { binsOf, type Bins } from '../sources/bins.js';
import type { SourceRecord } from '../sources/source.js';
import { rateDispersion } from '../throughput.js';
import { poolValues, valueArm, valueDrift, valueObjective, type ValueArm } from '../values.js';
import {
  ALL_KINDS,
  withBaseline,
  type Evidence,
  type EvidenceOptions,
  type WindowKind,
  type WindowSet,
} from './evidence.js';

interface Kind {
  arm: ValueArm;
  bins: Bins[];
}

const METHOD = 'batch means';

/** Evidence on the mean of values that were read while the run went on: a gauge, a query, a rate, a count of lines. */
export function valueEvidence(
  measure: Extract<Measure, { kind: 'values' }>,
  record: SourceRecord,
  windows: WindowSet,
  options: EvidenceOptions,
): Evidence {
  const { slo, stoppedEarly } = options;
  const { unit, worse, everyS, take } = measure;
  const gather = (on: readonly WindowKind[]): Kind => {
    const bins = on.flatMap((kind) => windows[kind]).map((window) => binsOf(record, window, take, everyS));
    return { bins, arm: poolValues(bins.map((one) => valueArm(one))) };
  };
  const kinds = Object.fromEntries(ALL_KINDS.map((kind) => [kind, gather([kind])])) as Record<WindowKind, Kind>;
  const { baseline, fault } = kinds;
  const shared = {
    ...(stoppedEarly ? { impossible: 'stopped_early' as const } : {}),
    power: null,
    smallestTolerance: null,
    neededN: null,
    assumptions: [
      take === 'value'
        ? `a value every ${everyS} s stands for what it was between`
        : 'what was counted between two readings came evenly',
    ],
  };
  const dispersionOf = (arms: readonly ValueArm[]) => rateDispersion(arms.filter(({ n }) => n > 0));

  return {
    unit,
    workings: { kind: 'values', of: kinds },
    baselineRho: baseline.arm.rho,
    total: (kind) => kinds[kind].arm.n,
    estimate(kind) {
      const { arm } = kinds[kind];
      if (arm.n === 0) return undefined;
      const dispersion = dispersionOf(withBaseline([kind]).map((other) => kinds[other].arm));
      return valueObjective({ arm, dispersion, alpha: 1 - slo.confidence, op: '<=', limit: 0 });
    },

    objective(objective, on, alpha) {
      const { arm } = gather(on);
      const dispersion = dispersionOf([baseline.arm, arm]);
      const question = { arm, dispersion, op: objective.op, limit: objective.value };
      const answer = valueObjective({ ...question, alpha });
      return {
        pass: answer.pass && !stoppedEarly,
        fail: answer.fail && !stoppedEarly,
        interval: answer,
        limit: objective.value,
        unit,
        method: METHOD,
        dispersion,
        k: answer.k,
        df: dispersion.dfOne,
        failsAt: (level) => !stoppedEarly && valueObjective({ ...question, alpha: level }).fail,
        ...shared,
      };
    },

    tolerance(tolerance, alpha) {
      const relative = tolerance.type === 'relative';
      const dispersion = dispersionOf([baseline.arm, fault.arm]);
      const common = {
        limit: tolerance.value,
        unit: relative ? ('relative' as const) : unit,
        method: METHOD,
        dispersion,
        df: dispersion.df,
        ...shared,
      };
      if (relative && !(baseline.arm.mean > 0)) {
        return {
          ...common,
          pass: false,
          fail: false,
          interval: { value: 0, low: -Infinity, high: Infinity },
          k: null,
          failsAt: () => false,
          ...(stoppedEarly ? {} : { impossible: 'no_events' as const }),
        };
      }
      const question = {
        fault: fault.arm,
        base: baseline.arm,
        delta: tolerance.value,
        relative,
        worse,
        direction: slo.direction,
      };
      const answer = valueDrift({ ...question, alpha });
      const plan = differencePlan({
        se: (answer.high - answer.low) / (2 * answer.k),
        k: answer.k,
        delta: tolerance.value,
        n: Math.min(baseline.arm.n, fault.arm.n),
      });
      return {
        ...common,
        pass: answer.pass && !stoppedEarly,
        fail: answer.fail && !stoppedEarly,
        interval: { value: answer.value, low: answer.low, high: answer.high },
        k: answer.k,
        failsAt: (level) => !stoppedEarly && valueDrift({ ...question, alpha: level }).fail,
        power: plan.power,
        smallestTolerance: plan.smallest,
        neededN: plan.needed,
      };
    },
  };
}
