import { both, type Blocker } from '../blocker.js';
import { BATCHES } from '../dispersion.js';
import type { Evidence, EvidenceOptions, WindowKind, WindowSet } from '../evidence/evidence.js';
import { isCodeKnown } from '../evidence/exits.js';
import { isFromElsewhere, measureOf } from '../indicators/registry.js';
import type { JudgeWindow } from '../input.js';
import type { Reason } from '../judgement.js';
import { formatValue } from '../words.js';
import { growthIn, type SourceReading, type SourceRecord, type TroubleCode } from './source.js';

/** So much of a window must be covered by readings; a process that is restarted may be away for the rest. */
const LEAST_COVERED = 0.8;

const CODES: Record<TroubleCode, Reason['code']> = {
  missing: 'no_data',
  unreachable: 'source_unreadable',
  unreadable: 'source_unreadable',
  several: 'source_unreadable',
  stale: 'stale_data',
  not_a_number: 'not_a_number',
};

/**
 * What the windows of one kind lack for an indicator from elsewhere; undefined for one that comes from the arrivals. What
 * is not known is never taken for good: too little takes a pass away, nothing takes everything.
 */
export function sourceBlockers(
  windows: WindowSet,
  kind: WindowKind,
  evidence: Evidence,
  options: EvidenceOptions,
): Blocker[] | undefined {
  const { indicator } = options.slo;
  if (!isFromElsewhere(indicator)) return undefined;
  const record = options.source;
  if (!record || windows[kind].length === 0) return [both(unrecorded(kind))];
  if (indicator.type === 'exit') return exitBlockers(record, kind, evidence, indicator);
  const blockers = windows[kind].flatMap((window) => windowTroubles(record, window, kind, options));
  const unfit = resolutionBlocker(record, options);
  if (unfit) blockers.push(unfit);
  if (evidence.total(kind) === 0 && blockers.every(({ takes }) => takes === 'pass')) {
    blockers.push(both(blockers[0]?.reason ?? quiet(kind, indicator.type)));
  }
  return blockers;
}

/** What is counted, for people. */
export function nounOf({ slo }: Pick<EvidenceOptions, 'slo'>): string {
  const { indicator } = slo;
  switch (indicator.type) {
    case 'prometheus':
      return indicator.take === 'percentile' ? 'observations' : 'values';
    case 'log':
      return indicator.take === 'share' ? 'lines' : 'values';
    case 'exit':
      return 'processes';
    default:
      return 'arrivals';
  }
}

function windowTroubles(
  record: SourceRecord,
  window: JudgeWindow,
  kind: WindowKind,
  { slo }: EvidenceOptions,
): Blocker[] {
  const readings = record.readings.filter(({ atUs }) => atUs >= window.startUs && atUs < window.endUs);
  if (readings.length === 0) return [both(unrecorded(kind))];
  const measure = measureOf(slo.indicator, slo.objective);
  const lengthS = (window.endUs - window.startUs) / 1e6;
  const found: Blocker[] = [];
  const everyS = measure.kind === 'values' ? measure.everyS : 1;
  if (Math.floor(lengthS / everyS + 0.05) < BATCHES) {
    found.push(
      both({
        code: 'window_too_short',
        window: kind,
        observed: `${Math.round(lengthS)} s`,
        required: `${BATCHES * everyS} s`,
        message: `the ${kind} window of ${Math.round(lengthS)} s holds fewer than ${BATCHES} values, one every ${everyS} s`,
        hint: `Make the ${kind} phase at least ${BATCHES * everyS} s long, or read more often.`,
      }),
    );
  }
  const covered = coveredS(record, window, measure, everyS) / lengthS;
  if (covered >= LEAST_COVERED) return found;
  const trouble = mostFrequent(readings);
  const share = `${Math.round(covered * 100)} % of the ${kind} window`;
  const reason: Reason = trouble
    ? {
        code: CODES[trouble.code],
        window: kind,
        observed: share,
        required: `at least ${LEAST_COVERED * 100} %`,
        message: `${trouble.message} (${trouble.times} of ${readings.length} readings in the ${kind} window)`,
        hint: HINTS[trouble.code],
      }
    : {
        code: 'no_data',
        window: kind,
        observed: share,
        required: `at least ${LEAST_COVERED * 100} %`,
        message: `only ${share} is covered by readings`,
        hint: 'Is the source slow to answer, or this machine too busy?',
      };
  found.push(covered > 0 ? { takes: 'pass', reason } : both(reason));
  return found;
}

const HINTS: Record<TroubleCode, string> = {
  missing: 'Is the name right, and is it exported from the start on? The page of the service, or the query, shows it.',
  unreachable: 'Does it run, and is that its address?',
  unreadable: 'Ask it by hand, and compare.',
  several: 'Add labels, or a sum, until one series is left.',
  stale:
    'Does the server still collect it? Write `every` as long as its scrape interval, and windows of 20 times that.',
  not_a_number: 'A division by nothing gives NaN: ask for what exists also when nothing happens.',
};

function coveredS(
  record: SourceRecord,
  window: JudgeWindow,
  measure: ReturnType<typeof measureOf>,
  everyS: number,
): number {
  if (measure.kind === 'values' && measure.take === 'value') {
    const bins = new Set(
      record.readings
        .filter(({ kind, atUs }) => kind === 'value' && atUs >= window.startUs && atUs < window.endUs)
        .map(({ atUs }) => Math.floor((atUs - window.startUs) / (everyS * 1e6))),
    );
    return bins.size * everyS;
  }
  const kind = measure.kind === 'values' ? (measure.take === 'lines' ? 'lines' : 'counters') : sourceOf(measure);
  return growthIn(record, kind, window, () => true).reduce((sum, { overS }) => sum + overS, 0);
}

function sourceOf(measure: ReturnType<typeof measureOf>): 'lines' | 'histograms' {
  return measure.kind === 'ratio' ? 'lines' : 'histograms';
}

function mostFrequent(
  readings: readonly SourceReading[],
): { code: TroubleCode; message: string; times: number } | undefined {
  const counts = new Map<string, { code: TroubleCode; message: string; times: number }>();
  for (const reading of readings) {
    if (reading.kind !== 'trouble') continue;
    const known = counts.get(reading.code);
    if (known) known.times++;
    else counts.set(reading.code, { code: reading.code, message: reading.message, times: 1 });
  }
  return [...counts.values()].sort((a, b) => b.times - a.times)[0];
}

/** A limit inside a bucket: whether its values lie above or below, the histogram does not say. */
function resolutionBlocker(record: SourceRecord, { slo }: EvidenceOptions): Blocker | undefined {
  const { indicator, objective } = slo;
  if (indicator.type !== 'prometheus' || indicator.take !== 'percentile' || !objective) return undefined;
  for (const reading of record.readings) {
    if (reading.kind !== 'histograms') continue;
    for (const { bounds } of Object.values(reading.histograms)) {
      if (bounds.some((bound) => Math.abs(bound - objective.value) <= 1e-9 * objective.value)) continue;
      const below = formatValue(Math.max(0, ...bounds.filter((bound) => bound < objective.value)), 'seconds');
      const above = bounds.find((bound) => bound > objective.value);
      const upper = above === undefined ? 'without an end' : `to ${formatValue(above, 'seconds')}`;
      return both({
        code: 'tolerance_below_resolution',
        observed: `a bucket from ${below} ${upper}`,
        required: 'a limit that is a bound of the histogram',
        message: `the limit ${formatValue(objective.value, 'seconds')} lies inside a bucket of the histogram, from ${below} ${upper}`,
        hint: `Write the objective with one of its bounds, such as ${below}, or give the histogram a bucket at the limit.`,
      });
    }
  }
  return undefined;
}

function exitBlockers(
  record: SourceRecord,
  kind: WindowKind,
  evidence: Evidence,
  { source, code }: { source: string; code: number | 'any' },
): Blocker[] {
  if (evidence.total(kind) === 0) {
    return [
      both({
        code: 'no_data',
        window: kind,
        observed: '0 processes',
        required: 'at least 1',
        message: `no process of ${source} was seen to end on request in the ${kind} window`,
        hint: 'Ask one to end, with a `process-terminate` fault on this service.',
      }),
    ];
  }
  if (code === 'any' || record.exits.every((end) => end.killed || isCodeKnown(end))) return [];
  return [
    {
      takes: 'pass',
      reason: {
        code: 'exit_unknown',
        window: kind,
        observed: 'unknown',
        required: `exit code ${code}`,
        message: `the exit code of ${source} was told to its parent only, and that was not Plimsoll`,
        hint: 'Let Plimsoll run the service (`process: { run: … }`), or write `exit: { code: any }` to judge the time alone.',
      },
    },
  ];
}

function unrecorded(kind: WindowKind): Reason {
  return {
    code: 'no_data',
    window: kind,
    observed: '0 readings',
    required: 'at least 1',
    message: `nothing was read of it in the ${kind} window`,
    hint: 'Only what a run was told to read can be judged again: run the scenario with this SLO.',
  };
}

function quiet(kind: WindowKind, type: 'prometheus' | 'log'): Reason {
  return {
    code: 'no_data',
    window: kind,
    observed: type === 'log' ? '0 lines' : '0 observations',
    required: 'at least 1',
    message:
      type === 'log'
        ? `no line that the share is taken of was logged in the ${kind} window`
        : `nothing was observed in the ${kind} window: the counts did not grow`,
    hint: 'Does the load reach what is counted here?',
  };
}
