import type { SloJudgement } from './judgement.js';

type RunVerdict = 'passed' | 'failed' | 'inconclusive' | 'errored' | 'aborted';

export interface RunEnd {
  slos: readonly SloJudgement[];
  /** `held` null: could not be checked. */
  invariants: readonly { name: string; held: boolean | null; message?: string }[];
  /** The harness or the environment broke. */
  errored?: { code: string; message: string } | undefined;
  /** The run ended before its plan. `safety`: the condition that tripped, in words. */
  aborted?: { by: 'signal' | 'guard' | 'person'; message: string; safety?: string | undefined } | undefined;
  /** A statistical stop rule fired: that proves harm. */
  statisticalStop?: boolean | undefined;
  signal?: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | undefined;
  cleanupProven: boolean;
}

export interface RunOutcome {
  verdict: RunVerdict;
  exitCode: number;
  /** Why, for people; whoever shows it puts the verdict's word in front. */
  sentence: string;
}

/** 128 + the signal's number. */
const SIGNAL_EXIT = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
const CLEANUP_EXIT = 4;
/** How many of the other broken things a sentence names. */
const NAMED = 3;

/**
 * The verdict of a run: all critical SLOs and all invariants must hold. No scores, no weights, no majority: an average
 * can hide a failure. The exit code is the worst that applies: 4, then the signals, 1, 3, 0.
 */
export function combineRun(end: RunEnd): RunOutcome {
  const { verdict, reason } = verdictOf(end);
  const undone = end.cleanupProven ? '' : ' A fault may still be active: the clean-up is not proven.';
  return { verdict, exitCode: exitCodeOf(verdict, end), sentence: `${reason}${undone}` };
}

function verdictOf(end: RunEnd): { verdict: RunVerdict; reason: string } {
  const critical = end.slos.filter(({ severity }) => severity === 'critical');
  const failed = critical.filter(({ verdict }) => verdict === 'failed');
  const undecided = critical.filter(({ verdict }) => verdict === 'inconclusive');
  const violated = end.invariants.filter(({ held }) => held === false);
  const unchecked = end.invariants.filter(({ held }) => held === null);

  if (end.errored) {
    const decided = failed.length > 0 ? ` Until then: ${sentence(list(failed.map((slo) => slo.sentence)))}` : '';
    return { verdict: 'errored', reason: sentence(end.errored.message) + decided };
  }
  if (failed.length > 0 || violated.length > 0 || end.statisticalStop) {
    const harm = [
      ...violated.map(({ name, message }) => `invariant "${name}" was violated${message ? ` (${message})` : ''}`),
      ...failed.map((slo) => slo.sentence),
    ];
    if (end.statisticalStop) harm.push(`the stop rule fired${end.aborted ? ` (${end.aborted.message})` : ''}`);
    return { verdict: 'failed', reason: sentence(list(harm)) + warningsAside(end) };
  }
  if (end.aborted) {
    const safety = end.aborted.safety ? ` The safety condition "${end.aborted.safety}" failed.` : '';
    return { verdict: 'aborted', reason: sentence(end.aborted.message) + safety };
  }
  if (critical.length === 0 && end.invariants.length === 0) {
    return { verdict: 'inconclusive', reason: 'there is no critical SLO, so nothing could pass or fail.' };
  }
  if (undecided.length > 0 || unchecked.length > 0 || critical.length === 0) {
    const doubts = [
      ...undecided.map((slo) => slo.sentence),
      ...unchecked.map(({ name }) => `invariant "${name}" could not be checked`),
    ];
    if (critical.length === 0) doubts.push('there is no critical SLO');
    return { verdict: 'inconclusive', reason: sentence(list(doubts)) + warningsAside(end) };
  }
  const invariants = end.invariants.length > 0 ? ` and ${count(end.invariants.length, 'invariant')}` : '';
  const held = `${count(critical.length, 'critical SLO')}${invariants} held; ${list(critical.map((slo) => slo.sentence))}`;
  return { verdict: 'passed', reason: sentence(held) + warningsAside(end) };
}

function exitCodeOf(verdict: RunVerdict, end: RunEnd): number {
  if (!end.cleanupProven) return CLEANUP_EXIT;
  if (end.signal) return SIGNAL_EXIT[end.signal];
  switch (verdict) {
    case 'failed':
      return 1;
    case 'passed':
      return 0;
    case 'inconclusive':
    case 'errored':
    case 'aborted':
      return 3;
  }
}

/** SLOs that decide nothing, but whose state belongs into the headline. */
function warningsAside({ slos }: RunEnd): string {
  const failed = slos.filter(({ severity, verdict }) => severity === 'warning' && verdict === 'failed');
  if (failed.length === 0) return '';
  return ` ${failed.length} SLO${failed.length > 1 ? 's' : ''} of severity warning failed: ${failed.map(({ name }) => name).join(', ')}.`;
}

function list(parts: readonly string[]): string {
  const named = parts.slice(0, NAMED).join('; ');
  return parts.length > NAMED ? `${named}; and ${parts.length - NAMED} more` : named;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

function sentence(text: string): string {
  const trimmed = text.trim();
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
