import { countArm, select, type Trait } from '../arrivals.js';
import { disperse, spreadOf, type Arm, type Dispersion, type Spread } from '../dispersion.js';
import type { Interval } from '../interval.js';
import { ratioNeeded, ratioPower, ratioSmallest, relativeRatioPlan } from '../sample-size.js';
import { clopperPearson, ratioDrift, ratioObjective, ratioRelative, shrink, type Count } from '../ratio.js';
import { bettingStop, stoppedDrift, stoppedObjective } from '../stopping.js';
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

interface Kind extends Count {
  arms: Arm[];
  spreads: Spread[];
}

/** Seconds without an error that end an episode. */
const EPISODE_GAP_S = 3;
const STOPPED_METHOD = 'confidence sequence (Gamma mixture) and betting e-process';

/** Evidence on a share: availability, error rate, a status, the share under a latency. */
export function ratioEvidence(
  measure: { bad: Trait; report: 'good' | 'bad' },
  windows: WindowSet,
  options: EvidenceOptions,
): Evidence {
  const { slo, stoppedEarly } = options;
  const floor = deffFloor(options);
  const kinds = Object.fromEntries(
    ALL_KINDS.map((kind) => {
      const arms = windows[kind].map((window) => countArm(select(window.streams, slo), window, measure.bad));
      return [kind, { ...sum(arms), arms, spreads: arms.map((arm) => spreadOf(arm)) }];
    }),
  ) as Record<WindowKind, Kind>;
  const dispersionOf = (on: readonly WindowKind[]): Dispersion =>
    disperse(
      on.flatMap((kind) => kinds[kind].spreads),
      { floor, anyEvents: on.some((kind) => kinds[kind].x > 0) },
    );
  const report = (bad: Interval): Interval =>
    measure.report === 'bad' ? bad : { value: 1 - bad.value, low: 1 - bad.high, high: 1 - bad.low };
  const pooled = (on: readonly WindowKind[]): Count => sum(on.map((kind) => kinds[kind]));
  const { baseline, fault } = kinds;
  const both: WindowKind[] = ['baseline', 'fault'];

  return {
    unit: 'ratio',
    workings: { kind: 'ratio', report: measure.report, of: kinds },
    baselineRho: baseline.spreads[0]?.rho ?? 0,
    total: (kind) => kinds[kind].n,
    estimate(kind) {
      if (kinds[kind].n === 0) return undefined;
      const dispersion = dispersionOf(withBaseline([kind]));
      return report(ratioObjective({ count: kinds[kind], dispersion, alpha: 1 - slo.confidence, max: 1 }));
    },
    episodes: (on) => episodesOf(on, kinds),

    objective(objective, on, alpha) {
      const max = measure.report === 'good' ? 1 - objective.value : objective.value;
      const count = pooled(on);
      const dispersion = dispersionOf(withBaseline(on));
      const at = (level: number) => {
        if (!stoppedEarly) return ratioObjective({ count, dispersion, alpha: level, max });
        const guess = baseline.n > 0 ? Math.max(baseline.x / baseline.n, 1 / baseline.n) : Math.max(max, 1e-9);
        const answer = stoppedObjective({ count, guess, dispersion, alpha: level, max });
        const betting = max > 0 && on.some((kind) => kinds[kind].arms.some((arm) => bets(arm, max, level)));
        return { ...answer, fail: answer.fail || betting, method: STOPPED_METHOD, k: null };
      };
      const answer = at(alpha);
      return {
        ...decisionOf(answer, stoppedEarly),
        interval: report(answer),
        limit: objective.value,
        unit: 'ratio',
        method: answer.method,
        dispersion,
        k: answer.k,
        df: dispersion.D > 1 ? dispersion.dfOne : null,
        failsAt: (level) => at(level).fail,
        power: null,
        smallestTolerance: null,
        neededN: max > 0 ? Math.ceil((dispersion.D * Math.log(alpha)) / Math.log1p(-Math.min(max, 0.999))) : null,
        assumptions: assumptions(count, dispersion, floor),
      };
    },

    tolerance(tolerance, alpha) {
      const dispersion = dispersionOf(both);
      const p = baseline.n > 0 ? baseline.x / baseline.n : 0;
      const n = Math.min(baseline.n, fault.n);
      const delta = tolerance.value;
      const common = {
        limit: delta,
        dispersion,
        df: dispersion.D > 1 ? dispersion.df : null,
        assumptions: assumptions({ x: baseline.x + fault.x, n: baseline.n + fault.n }, dispersion, floor),
      };
      const question = { fault, base: baseline, dispersion, delta, direction: slo.direction };
      if (tolerance.type === 'relative') {
        const answer = ratioRelative({ ...question, alpha });
        const plan = relativeRatioPlan({ p, n, D: dispersion.D, delta, alpha });
        return {
          ...common,
          pass: answer?.pass ?? false,
          fail: answer?.fail ?? false,
          interval: answer ?? { value: 0, low: -1, high: Infinity },
          unit: 'relative',
          method: answer?.method ?? 'none',
          k: answer?.k ?? null,
          failsAt: (level) => ratioRelative({ ...question, alpha: level })?.fail ?? false,
          ...(stoppedEarly
            ? { impossible: 'stopped_early' as const }
            : answer
              ? {}
              : { impossible: 'no_events' as const }),
          power: plan.power,
          smallestTolerance: plan.smallest,
          neededN: plan.needed,
        };
      }
      const at = (level: number) => {
        if (!stoppedEarly) return ratioDrift({ ...question, alpha: level });
        const answer = stoppedDrift({ ...question, alpha: level });
        // The baseline's own noise: the step that ended the run is no noise of it.
        const calm = disperse(baseline.spreads, { floor, anyEvents: baseline.x > 0 });
        const before = clopperPearson(shrink(baseline, calm.D), level / 2).high;
        const betting = fault.arms.some((arm) => bets(arm, before + delta, level));
        return { ...answer, fail: answer.fail || betting, method: STOPPED_METHOD, k: null };
      };
      const answer = at(alpha);
      return {
        ...common,
        ...decisionOf(answer, stoppedEarly),
        interval: { value: answer.value, low: answer.low, high: answer.high },
        unit: 'ratio',
        method: answer.method,
        k: answer.k,
        failsAt: (level) => at(level).fail,
        power: ratioPower({ p, n, D: dispersion.D, delta, alpha }),
        smallestTolerance: ratioSmallest({ p, n, D: dispersion.D, alpha, power: 0.9 }),
        neededN: ratioNeeded({ p, D: dispersion.D, delta, alpha, power: 0.9 }),
      };
    },
  };
}

function sum(counts: readonly Count[]): Count {
  return { x: counts.reduce((all, { x }) => all + x, 0), n: counts.reduce((all, { n }) => all + n, 0) };
}

function decisionOf(
  answer: { pass: boolean; fail: boolean },
  stoppedEarly: boolean,
): Pick<Answer, 'pass' | 'fail' | 'impossible'> {
  const { pass, fail } = answer;
  return stoppedEarly && !pass && !fail ? { pass, fail, impossible: 'stopped_early' } : { pass: pass && !fail, fail };
}

function bets(arm: Arm, mu: number, alpha: number): boolean {
  return mu > 0 && mu < 1 && bettingStop(arm, mu, alpha / 2) !== null;
}

function episodesOf(
  on: readonly WindowKind[],
  kinds: Record<WindowKind, Kind>,
): { fewest: number; largestDeff: number; window: string } {
  let fewest = Infinity;
  let window = '';
  let largestDeff = 1;
  for (const kind of on) {
    for (const [i, arm] of kinds[kind].arms.entries()) {
      largestDeff = Math.max(largestDeff, kinds[kind].spreads[i]?.deff ?? 1);
      let episodes = 0;
      let last = -Infinity;
      for (const [second, bad] of arm.badPerSecond.entries()) {
        if (bad === 0) continue;
        if (second - last >= EPISODE_GAP_S) episodes++;
        last = second;
      }
      if (episodes < fewest) {
        fewest = episodes;
        window = kind;
      }
    }
  }
  return { fewest, largestDeff, window };
}

function assumptions(count: Count, dispersion: Dispersion, floor: number): string[] {
  const said = ['the service fails in the same way all through a window, apart from bursts that the batches show'];
  if (count.x === 0) {
    said.push(
      floor > 1
        ? `no error was seen; errors are taken to come in clusters of at least ${Math.round(floor)}`
        : 'no error was seen, so errors are taken to come one by one (say minClusterSize if they come in clusters)',
    );
  } else if (dispersion.D > 1.005) {
    said.push(`one arrival is worth 1/${dispersion.D.toFixed(1)} of an independent one, because errors came in bursts`);
  }
  return said;
}
