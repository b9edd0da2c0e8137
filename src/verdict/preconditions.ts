import { select } from './arrivals.js';
import { both, type Blocker } from './blocker.js';
import { BATCHES } from './dispersion.js';
import type { Answer, Evidence, EvidenceOptions, WindowKind, WindowSet } from './evidence/evidence.js';
import { driverBlockers, lagBlockers } from './driver-health.js';
import { gatherEvidence } from './evidence/gather.js';
import { holdsBeforehand } from './indicators/registry.js';
import type { JudgeInput } from './input.js';
import { halves, wholeSeconds } from './seconds.js';
import { sourceBlockers } from './sources/source-blockers.js';
import { formatValue, significant } from './words.js';

const RATE_DIFFERENCE = 0.05;
const LEAST_EPISODES = 5;
const BURSTY = 5;
const STRONG_RHO = 0.5;
/** A batch must be this many times as long as a burst. */
const BATCH_OF_BURST = 5;

/** What the windows themselves must offer, whatever is asked of them. */
export function windowBlockers(
  input: JudgeInput,
  windows: WindowSet,
  evidence: Evidence,
  options: EvidenceOptions & { kinds: readonly WindowKind[]; batches: boolean },
): Blocker[] {
  const { slo, kinds } = options;
  const found: Blocker[] = [];
  for (const kind of kinds) {
    const elsewhere = sourceBlockers(windows, kind, evidence, options);
    if (elsewhere) {
      // A late load is another load, and a starved machine pauses everybody; what a line says, or how a process ends, stands.
      const isMetric = options.slo.indicator.type === 'prometheus';
      found.push(...elsewhere, ...(isMetric ? driverBlockers(windows, kind, options) : []));
      continue;
    }
    if (windows[kind].length === 0 || evidence.total(kind) === 0) {
      found.push(
        both({
          code: 'no_data',
          window: kind,
          observed: '0 arrivals',
          required: 'at least 1',
          message: `there is no arrival of this SLO in the ${kind} window`,
          hint: slo.request
            ? `Check that the request "${slo.request}" is sent in this phase.`
            : 'Check the load and the phases.',
        }),
      );
      continue;
    }
    for (const window of windows[kind]) {
      const seconds = wholeSeconds(window);
      const least = Math.max(BATCHES, BATCHES * BATCH_OF_BURST * (options.noise?.burstLengthS ?? 0));
      if (options.batches && !input.stoppedEarly && seconds < least) {
        found.push(
          both({
            code: 'window_too_short',
            window: kind,
            observed: `${seconds} s`,
            required: `${least} s`,
            message: `the ${kind} window has ${seconds} whole seconds; ${least} are needed for ${BATCHES} batches`,
            hint: `Make the ${kind} phase at least ${least} s long.`,
          }),
        );
        break;
      }
    }
    found.push(...driverBlockers(windows, kind, options));
  }
  return found;
}

/** Is the load the same in both windows, and was the driver the same? */
export function comparisonBlockers(
  windows: WindowSet,
  options: EvidenceOptions,
  toleranceS: number | undefined,
): Blocker[] {
  const { slo } = options;
  const found: Blocker[] = [];
  const before = windows.baseline[0];
  for (const during of windows.fault) {
    if (!before) break;
    for (const { arrivals } of select(during.streams, slo)) {
      const other = before.streams.find(({ stream }) => stream === arrivals.stream);
      const planned = arrivals.plannedRatePerSecond;
      const baseline = other?.plannedRatePerSecond;
      if (arrivals.model !== 'open' || planned === undefined || baseline === undefined) continue;
      const difference = Math.abs(planned - baseline) / Math.max(planned, baseline, Number.MIN_VALUE);
      if (difference > RATE_DIFFERENCE) {
        found.push(
          both({
            code: 'load_mismatch',
            window: 'fault',
            observed: `${significant(planned, 4)}/s against ${significant(baseline, 4)}/s`,
            required: 'at most 5 % apart',
            message: `stream ${arrivals.stream} was planned at ${significant(planned, 4)}/s in the fault window and ${significant(baseline, 4)}/s in the baseline`,
            hint: 'Drive the same rate in both windows, or compare by objective alone.',
          }),
        );
      }
    }
    if (toleranceS !== undefined) found.push(...lagBlockers(windows, during, before, slo, toleranceS));
  }
  return found;
}

/** Was the system well before anything was broken? */
export function baselineBlockers(
  windows: WindowSet,
  evidence: Evidence,
  options: EvidenceOptions,
  alpha: number,
): Blocker[] {
  const { slo } = options;
  const found: Blocker[] = [];
  const unhealthy = (message: string, observed: string, required: string, hint: string): void => {
    found.push(both({ code: 'baseline_unhealthy', window: 'baseline', observed, required, message, hint }));
  };
  if (windows.baseline.length === 0 || evidence.total('baseline') === 0) return found;
  if (slo.objective && holdsBeforehand(slo)) {
    const answer = evidence.objective(slo.objective, ['baseline'], alpha);
    if (answer.fail) {
      const value = formatValue(answer.interval.value, answer.unit);
      unhealthy(
        `the baseline itself breaks the objective: ${value} before anything was broken`,
        value,
        `${slo.objective.op} ${formatValue(slo.objective.value, answer.unit)}`,
        'Mend the system first, or set an objective that it keeps while it is well.',
      );
    }
  }
  const streams = new Set(
    windows.baseline.flatMap((window) => select(window.streams, slo).map(({ arrivals }) => arrivals.stream)),
  );
  let dropped = 0;
  for (const window of windows.baseline) for (const stream of streams) dropped += window.dropped[stream] ?? 0;
  if (dropped > 0) {
    unhealthy(
      `${dropped} arrivals were dropped at the in-flight cap in the baseline`,
      `${dropped} dropped`,
      'none',
      "Lower the rate, or raise the stream's in-flight cap.",
    );
  }
  if (driftsByItself(windows, options, alpha)) {
    unhealthy(
      'the second half of the baseline differs from the first by more than the tolerance, with nothing broken yet',
      'drift beyond the tolerance',
      'an even baseline',
      'Warm up longer, or let the system settle before the baseline.',
    );
  }
  return found;
}

/** Do the counts vary more than the inflation can answer for? */
export function noiseBlockers(
  answer: Answer,
  evidence: Evidence,
  options: EvidenceOptions,
  on: WindowKind[],
): Blocker[] {
  const found: Blocker[] = [];
  const { rhoMean } = answer.dispersion;
  if (rhoMean > STRONG_RHO) {
    found.push({
      // The fault's own course (a queue that fills, an outage that begins) shows as autocorrelation too: it is noise
      // only where the baseline has it as well.
      takes: evidence.baselineRho > STRONG_RHO ? 'both' : 'pass',
      reason: {
        code: 'autocorrelated',
        observed: `ρ = ${rhoMean.toFixed(2)}`,
        required: `at most ${STRONG_RHO}`,
        message: `neighbouring batches resemble each other too much (lag-1 autocorrelation ${rhoMean.toFixed(2)})`,
        hint: 'Use longer windows.',
      },
    });
  }
  const episodes = evidence.episodes?.(on);
  if (
    episodes &&
    options.noise?.deffFloor === undefined &&
    episodes.fewest < LEAST_EPISODES &&
    episodes.largestDeff > BURSTY
  ) {
    found.push({
      // Too few episodes to know how long bursts are. Measured, that lets too much pass, but never fails too much.
      takes: 'pass',
      reason: {
        code: 'few_episodes',
        window: episodes.window,
        observed: `${episodes.fewest} error episodes, design effect ${significant(episodes.largestDeff, 2)}`,
        required: `${LEAST_EPISODES} episodes`,
        message: `errors came in bursts, and ${episodes.fewest} in the ${episodes.window} window are too few to learn from`,
        hint: 'Use longer windows, or a higher rate.',
      },
    });
  }
  return found;
}

/** Did the fault do what it was to do? */
export function faultBlockers(input: JudgeInput): Blocker[] {
  const found: Blocker[] = [];
  const never = input.faults.filter(({ requestedUs }) => requestedUs === undefined);
  if (never.length > 0) {
    const names = never.map(({ id }) => id).join(', ');
    found.push({
      takes: 'pass',
      reason: {
        code: 'fault_unconfirmed',
        observed: 'never injected',
        required: 'confirmed',
        message: `${never.length === 1 ? `fault ${names} was` : `faults ${names} were`} never injected`,
        hint: 'Run it again to its end.',
      },
    });
  }
  for (const fault of input.faults) {
    if (fault.requestedUs === undefined) continue;
    if (!fault.proofOptional && fault.proof !== 'confirmed') {
      const state = {
        mismatch: 'the proof of effect contradicts it',
        unknown: 'nothing proved that it took effect',
        missing: 'it never got as far as a proof',
      }[fault.proof];
      found.push({
        takes: 'pass',
        reason: {
          code: 'fault_unconfirmed',
          observed: fault.proof,
          required: 'confirmed',
          message: `fault ${fault.id}: ${state}`,
          hint: 'Give the link a canary, or write `proof: optional` on this fault if its effect is known.',
        },
      });
    }
    // Optional is the proof of the effect. That somebody met the fault is not: else nothing was tested.
    if (fault.concerns.includes('link_traffic_unverified')) {
      found.push({
        takes: 'pass',
        reason: {
          code: 'link_traffic_unverified',
          message: `fault ${fault.id}: nothing shows that traffic crossed its link`,
          hint: 'Check that the caller dials the proxy; `plimsoll proxy` counts live what crosses, which Toxiproxy does not.',
        },
      });
    }
  }
  return found;
}

/** The A/A self-test: the second half of the baseline against the first, by the same statistics. */
function driftsByItself(windows: WindowSet, options: EvidenceOptions, alpha: number): boolean {
  const { slo } = options;
  const window = windows.baseline[0];
  if (!window || slo.tolerances.length === 0 || options.stoppedEarly) return false;
  if (wholeSeconds(window) < 4) return false;
  const [first, second] = halves(window);
  const evidence = gatherEvidence({ baseline: [first], fault: [second], recovery: [] }, options);
  return slo.tolerances.some((tolerance) => {
    const answer = evidence.tolerance(tolerance, alpha);
    return answer.fail && answer.impossible !== 'stopped_early';
  });
}
