import { mover, type Interval } from '../verdict/interval.js';
import type { Estimate, PartJudgement, SloJudgement } from '../verdict/judgement.js';
import { formatDrift } from '../verdict/words.js';
import { driftOf, standing } from './compare-many.js';
import type { RunResult } from './schema.js';

/** Load may differ by so much; beyond it, two runs say nothing about each other. */
const RATE_DIFFERENCE = 0.05;

/** One SLO in both runs: did the fault do more harm than it did before? Differences are in the bad direction. */
export interface SloComparison {
  name: string;
  severity: SloJudgement['severity'];
  verdict: 'passed' | 'failed' | 'inconclusive';
  /** `drift`: how far it drifted under fault, in each run. `level`: how it was under fault, where it has no tolerance. */
  what: 'drift' | 'level';
  unit: PartJudgement['unit'];
  run: Estimate;
  baseline: Estimate;
  /** This run's − the baseline run's, with its interval (90 % two-sided). */
  difference: Estimate;
  /** How much worse it may be; null: nothing says, so it is only shown. */
  margin: number | null;
  /** Beyond doubt in one direction, whatever the margin. */
  direction: 'worse' | 'better' | 'same';
  reasons: { code: string; message: string }[];
  /** For people, with numbers. */
  sentence: string;
}

export interface RunComparison {
  verdict: 'passed' | 'failed' | 'inconclusive';
  exitCode: 0 | 1 | 3;
  sentence: string;
  run: ComparedRun;
  baseline: ComparedRun;
  slos: SloComparison[];
  /** Critical SLOs that could fail, and whether their number was corrected for (Holm): see `standing`. */
  multiplicity: { critical: number; corrected: boolean };
  /** What differs between the runs beside the system, and may explain a difference. */
  warnings: { code: string; message: string }[];
}

interface ComparedRun {
  id: string;
  scenario: string;
  startedAt: string;
  verdict: RunResult['verdict'];
  gitCommit?: string;
  gitBranch?: string;
}

/**
 * Compares a run with a stored one: for each SLO the difference of the drifts, each against its own baseline window, so
 * that a slower machine alone is no difference. Passed when the whole interval is within the margin, failed when it is
 * wholly beyond, else inconclusive. Pure.
 *
 * @param options.margin share of each SLO's tolerance by which this run may be worse; 1 unless said otherwise
 */
export function compareRuns(run: RunResult, baseline: RunResult, options: { margin?: number } = {}): RunComparison {
  const obstacles = [...unfit(run, 'this run'), ...unfit(baseline, 'the baseline run'), ...loadMismatch(run, baseline)];
  const pairs = run.slos.map((slo) => ({ slo, other: baseline.slos.find((other) => isSame(slo, other)) }));
  const slos = pairs.map(({ slo, other }) => compareSlo(slo, other, { obstacles, margin: options.margin ?? 1 }));
  const critical = slos.filter(({ severity, margin }) => severity === 'critical' && margin !== null);
  const corrected = correctForMany(critical, pairs);
  const failed = critical.filter(({ verdict }) => verdict === 'failed');
  const open = critical.filter(({ verdict }) => verdict !== 'passed');
  const gone = baseline.slos.filter(
    (slo) => slo.severity === 'critical' && !run.slos.some((other) => isSame(slo, other)),
  );
  const verdict =
    failed.length > 0
      ? 'failed'
      : open.length > 0 || critical.length === 0 || gone.length > 0
        ? 'inconclusive'
        : 'passed';
  const because =
    failed.length > 0
      ? failed.map(({ sentence }) => sentence).join('; ')
      : gone.length > 0
        ? `${gone[0]?.name} was judged in the baseline run, but not in this one`
        : critical.length === 0
          ? 'no critical SLO with a tolerance is in both runs, so nothing could pass or fail'
          : (open.length > 0 ? open : critical).map(({ sentence }) => sentence).join('; ');
  return {
    verdict,
    exitCode: { passed: 0, failed: 1, inconclusive: 3 }[verdict] as 0 | 1 | 3,
    sentence: because,
    run: about(run),
    baseline: about(baseline),
    slos,
    multiplicity: { critical: critical.length, corrected },
    warnings: differences(run, baseline),
  };
}

type Reasons = SloComparison['reasons'];

/** Takes away the failures that are too narrow for so many SLOs; false: there are too few to correct for. */
function correctForMany(
  critical: readonly SloComparison[],
  pairs: readonly { slo: SloJudgement; other: SloJudgement | undefined }[],
): boolean {
  const stands = standing(
    critical.map(({ name, verdict, run, baseline, margin }) => {
      const { slo, other } = pairs.find((pair) => pair.slo.name === name) ?? {};
      if (verdict !== 'failed' || margin === null || !slo || !other) return { failed: undefined };
      return {
        failed: { run: driftOf(slo, toInterval(run)), baseline: driftOf(other, toInterval(baseline)), margin },
      };
    }),
  );
  for (const [i, slo] of critical.entries()) {
    if (!stands || slo.verdict !== 'failed' || stands[i]) continue;
    const message = `among ${critical.length} critical SLOs it fails too narrowly to rule out chance (Holm's correction)`;
    slo.verdict = 'inconclusive';
    slo.reasons.push({ code: 'multiplicity', message });
    slo.sentence += `: ${message}`;
  }
  return stands !== undefined;
}

function compareSlo(
  slo: SloJudgement,
  other: SloJudgement | undefined,
  { obstacles, margin: share }: { obstacles: Reasons; margin: number },
): SloComparison {
  const mine = measured(slo);
  const theirs = other && measured(other);
  const unknown: Estimate = { value: null, low: null, high: null };
  const common = { name: slo.name, severity: slo.severity, what: mine.what, unit: mine.unit, run: mine.estimate };
  if (
    !theirs ||
    theirs.what !== mine.what ||
    theirs.unit !== mine.unit ||
    mine.estimate.value === null ||
    theirs.estimate.value === null
  ) {
    const message = theirs ? 'it was not measured the same way in both runs' : 'the baseline run has no such SLO';
    return {
      ...common,
      verdict: 'inconclusive',
      baseline: theirs?.estimate ?? unknown,
      difference: unknown,
      margin: mine.limit === null ? null : mine.limit * share,
      direction: 'same',
      reasons: [...obstacles, { code: theirs ? 'no_data' : 'not_in_baseline', message }],
      sentence: `${slo.name} cannot be compared: ${message}`,
    };
  }
  const difference = mover(toInterval(mine.estimate), toInterval(theirs.estimate));
  const margin = mine.limit === null ? null : mine.limit * share;
  const passes = margin !== null && difference.high <= margin;
  const fails = margin !== null && difference.low > margin;
  const reasons: Reasons = [...obstacles];
  if (!passes && !fails && margin !== null && obstacles.length === 0)
    reasons.push({
      code: 'underpowered',
      message: 'the interval of the difference reaches over the margin: more load or longer windows would settle it',
    });
  if (margin === null)
    reasons.push({ code: 'no_tolerance', message: 'without a tolerance nothing says how much worse it may be' });
  const verdict = reasons.length > 0 ? 'inconclusive' : passes ? 'passed' : 'failed';
  const show = (value: number): string => formatDrift(value, mine.unit);
  const allowed = margin === null ? '' : `; at most ${show(margin)} is allowed`;
  return {
    ...common,
    verdict,
    baseline: theirs.estimate,
    difference: toEstimate(difference),
    margin,
    direction: difference.low > 0 ? 'worse' : difference.high < 0 ? 'better' : 'same',
    reasons,
    sentence: `${slo.name} ${inWords(mine.what, difference.value, show)} in the baseline run (difference between ${show(difference.low)} and ${show(difference.high)}${allowed})${reasons[0] && verdict === 'inconclusive' ? `: ${reasons[0].message}` : ''}`,
  };
}

/** `drifted 5 ms less than`; differences are counted so that more is worse. */
function inWords(what: SloComparison['what'], difference: number, show: (value: number) => string): string {
  const size = show(Math.abs(difference)).replace(/^[+±]/, '');
  if (what === 'level')
    return difference === 0 ? 'was the same as' : `was ${size} ${difference > 0 ? 'worse' : 'better'} than`;
  return difference === 0 ? 'drifted as far as' : `drifted ${size} ${difference > 0 ? 'further' : 'less'} than`;
}

/** The drift where the SLO has a tolerance, else the level under fault, turned so that more is worse. */
function measured(slo: SloJudgement): {
  what: 'drift' | 'level';
  unit: PartJudgement['unit'];
  estimate: Estimate;
  limit: number | null;
} {
  const part = slo.parts.find((one) => one.part === 'tolerance');
  if (part) return { what: 'drift', unit: part.unit, estimate: part.estimate, limit: part.limit };
  const level = slo.windows.fault ?? { value: null, low: null, high: null };
  const goodIsMore =
    slo.objectiveText?.trim().startsWith('>') === true || slo.objectiveText?.trim().startsWith('≥') === true;
  const turned = (value: number | null): number | null => (value === null ? null : -value);
  return {
    what: 'level',
    unit: slo.unit,
    estimate: goodIsMore ? { value: turned(level.value), low: turned(level.high), high: turned(level.low) } : level,
    limit: null,
  };
}

function isSame(a: SloJudgement, b: SloJudgement): boolean {
  return a.name === b.name && a.indicatorText === b.indicatorText && a.stream === b.stream && a.request === b.request;
}

/** Neither a run that broke nor one that was cut short can be compared. */
function unfit(result: RunResult, which: string): Reasons {
  if (!result.run.complete) return [{ code: 'stopped_early', message: `${which} was killed` }];
  if (result.verdict === 'errored' || result.verdict === 'aborted')
    return [{ code: 'stopped_early', message: `${which} was ${result.verdict}` }];
  const unproven = result.faults.find(({ proof }) => proof?.status !== 'confirmed');
  return unproven
    ? [
        {
          code: 'fault_unconfirmed',
          message: `in ${which} ${unproven.type} (${unproven.id}) is not proven to have taken effect`,
        },
      ]
    : [];
}

/** Arrivals per second of each open-model stream under fault, in both runs. */
function loadMismatch(run: RunResult, baseline: RunResult): Reasons {
  const rates = (result: RunResult): Map<string, number> => {
    const seconds = result.windows
      .filter(({ window }) => window === 'fault')
      .reduce((sum, { startS, endS }) => sum + endS - startS, 0);
    const open = new Set(result.series.filter(({ model }) => model === 'open').map(({ stream }) => stream));
    return new Map(
      result.ledger
        .filter((row) => row.window === 'fault' && row.request === undefined && open.has(row.stream))
        .map((row) => [row.stream, seconds > 0 ? row.scheduled / seconds : 0]),
    );
  };
  const [mine, theirs] = [rates(run), rates(baseline)];
  return [...new Set([...mine.keys(), ...theirs.keys()])].flatMap((stream) => {
    const [a = 0, b = 0] = [mine.get(stream), theirs.get(stream)];
    // Poisson arrivals of a short window scatter; four standard deviations of both are no mismatch.
    const noise = 4 * Math.sqrt((a + b) / 20);
    if (Math.abs(a - b) <= Math.max(RATE_DIFFERENCE * Math.max(a, b), noise)) return [];
    return [
      {
        code: 'load_mismatch',
        message: `stream ${stream} ran at ${a.toFixed(1)}/s under fault, and at ${b.toFixed(1)}/s in the baseline run`,
      },
    ];
  });
}

function differences(run: RunResult, baseline: RunResult): RunComparison['warnings'] {
  const found: RunComparison['warnings'] = [];
  const note = (code: string, what: string, mine: string, theirs: string): void => {
    if (mine !== theirs) found.push({ code, message: `${what}: ${mine}, in the baseline run ${theirs}` });
  };
  const [mine, theirs] = [run.run.environment, baseline.run.environment];
  note('other_machine', 'another machine', machine(mine.host), machine(theirs.host));
  note(
    'other_version',
    'another version of Plimsoll',
    mine.versions['plimsoll'] ?? '?',
    theirs.versions['plimsoll'] ?? '?',
  );
  note('other_version', 'another version of Node.js', mine.versions['node'] ?? '?', theirs.versions['node'] ?? '?');
  if (run.run.scenario.name !== baseline.run.scenario.name)
    note('other_scenario', 'another scenario', run.run.scenario.name, baseline.run.scenario.name);
  else if (run.run.scenario.sha256 !== baseline.run.scenario.sha256)
    found.push({ code: 'scenario_changed', message: 'the scenario file has changed since the baseline run' });
  return found;
}

function machine({ cpus, cpuModel, platform, arch }: RunResult['run']['environment']['host']): string {
  return `${cpus} × ${cpuModel}, ${platform} ${arch}`;
}

function about({ run, verdict }: RunResult): ComparedRun {
  const { gitCommit, gitBranch } = run.environment;
  return {
    id: run.id,
    scenario: run.scenario.name,
    startedAt: run.startedAt,
    verdict,
    ...(gitCommit === undefined ? {} : { gitCommit }),
    ...(gitBranch === undefined ? {} : { gitBranch }),
  };
}

/** JSON has no infinities: an end that is null is open. */
function toInterval({ value, low, high }: Estimate): Interval {
  return { value: value ?? 0, low: low ?? -Infinity, high: high ?? Infinity };
}

function toEstimate({ value, low, high }: Interval): Estimate {
  const finite = (end: number): number | null => (Number.isFinite(end) ? end : null);
  return { value: finite(value), low: finite(low), high: finite(high) };
}
