import type { Measure } from '../indicators/indicator.js';
import type { ProcessEnd, SourceRecord } from '../sources/source.js';
import { ALL_KINDS, type Evidence, type WindowKind, type WindowSet } from './evidence.js';

/** One process tells nothing of chance: there is no noise to reckon with. */
const NO_NOISE = { D: 1, deff: 1, phi: 1, rho: 0, rhoMean: 0, df: 4, dfOne: 4 };

/**
 * Evidence on how processes ended that were asked to. Facts, no statistics: one that ended badly is enough, as one lost
 * order is. The value is the slowest end.
 */
export function exitEvidence(
  { code }: Extract<Measure, { kind: 'exits' }>,
  record: SourceRecord,
  windows: WindowSet,
): Evidence {
  const of = Object.fromEntries(
    ALL_KINDS.map((kind) => [
      kind,
      record.exits.filter(({ atUs }) => windows[kind].some((window) => atUs >= window.startUs && atUs < window.endUs)),
    ]),
  ) as Record<WindowKind, ProcessEnd[]>;
  const slowest = (ends: readonly ProcessEnd[]) => {
    const value = Math.max(0, ...ends.map(({ afterS }) => afterS));
    return { value, low: value, high: value };
  };
  return {
    unit: 'seconds',
    workings: { kind: 'exits', of },
    baselineRho: 0,
    total: (kind) => of[kind].length,
    estimate: (kind) => (of[kind].length === 0 ? undefined : slowest(of[kind])),
    objective(objective, on) {
      const ends = on.flatMap((kind) => of[kind]);
      const bad = ends.filter((end) => endedBadly(end, code) || end.afterS > objective.value);
      const fail = bad.length > 0;
      return {
        pass: !fail && ends.length > 0 && ends.every((end) => code === 'any' || isCodeKnown(end)),
        fail,
        interval: slowest(ends),
        limit: objective.value,
        unit: 'seconds',
        method: 'each end of a process on its own',
        dispersion: NO_NOISE,
        k: null,
        df: null,
        failsAt: () => fail,
        power: null,
        smallestTolerance: null,
        neededN: null,
        ...(ends.length === 0 ? {} : { words: inWords(ends, bad, { code, limitS: objective.value }) }),
        assumptions: [
          code === 'any' ? 'any exit code is taken for a good one' : `exit code ${code} says that all was put in order`,
        ],
      };
    },
    tolerance() {
      throw new Error('an exit has no tolerance: the scenario refuses it');
    },
  };
}

/** Killed, or known to have ended otherwise than agreed. */
function endedBadly(end: ProcessEnd, code: number | 'any'): boolean {
  if (end.killed) return true;
  return code !== 'any' && isCodeKnown(end) && end.exitCode !== code;
}

export function isCodeKnown({ exitCode, signal }: ProcessEnd): boolean {
  return exitCode !== null || signal !== null;
}

/** The worst end speaks for all. */
function inWords(
  ends: readonly ProcessEnd[],
  bad: readonly ProcessEnd[],
  agreed: { code: number | 'any'; limitS: number },
): string {
  const slowest = (of: readonly ProcessEnd[]) => of.reduce((a, b) => (b.afterS > a.afterS ? b : a));
  const one = endInWords(slowest(bad.length > 0 ? bad : ends));
  const count =
    ends.length === 1
      ? ''
      : bad.length > 0
        ? `, ${bad.length} of ${ends.length} badly`
        : `, the slowest of ${ends.length}`;
  const code = agreed.code === 'any' ? '' : `code ${agreed.code} `;
  return `${one}${count} (agreed: ${code}within ${agreed.limitS} s)`;
}

/** "exit code 1 after 2.1 s", for people. */
export function endInWords({ afterS, killed, exitCode, signal }: ProcessEnd): string {
  const how = killed
    ? 'was killed'
    : signal !== null
      ? `ended by ${signal}`
      : exitCode === null
        ? 'ended, with an exit code that only its parent knows,'
        : `ended with code ${exitCode}`;
  return `${how} after ${Number(afterS.toPrecision(3))} s`;
}
