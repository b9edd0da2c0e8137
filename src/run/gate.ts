import type { BreachAction, Plan } from '../plan/plan.js';
import type { EventLog } from '../record/event-log.js';
import type { EventBody } from '../record/events.js';
import { redact } from '../record/redact.js';
import type { RunResult } from '../result/schema.js';
import { messageOf } from '../support/errors.js';
import { formatMs } from '../support/units.js';
import { endingOf, runBounded } from '../targets/command.js';

/**
 * Why the gate acts for a severity, one entry each; empty: it does not. Critical is what decides the run: SLOs,
 * invariants, and rules that stopped it. A run that broke or was stopped by a person proves nothing about the system, and
 * so nothing is done.
 */
export function breachesOf(result: RunResult, { severity, when }: BreachAction): string[] {
  if (result.verdict === 'errored' || result.verdict === 'aborted' || !result.run.complete) return [];
  const counts = (verdict: string): boolean => verdict === 'failed' || (when === 'not passed' && verdict !== 'passed');
  const slos = result.slos
    .filter((slo) => slo.severity === severity && counts(slo.verdict))
    .map(({ name, verdict, sentence }) => (verdict === 'failed' ? sentence : `${name} was not decided`));
  if (severity === 'warning') return slos;
  const invariants = result.invariants.filter(({ held }) => held === false).map(({ message }) => message);
  const found = [...slos, ...invariants];
  // What failed the run without an SLO of its own, such as a stop rule, has its words in the run's sentence.
  return found.length === 0 && counts(result.verdict) ? [result.sentence] : found;
}

/**
 * Runs the commands of `onBreach` for what broke, the critical one first, and writes down what became of each. A command
 * that fails does not keep the next from running. It is not cancelled by a signal: half a roll-back is worse than none.
 */
export async function actOnBreaches(
  plan: Plan,
  result: RunResult,
  context: { log: EventLog; directory: string },
): Promise<void> {
  for (const action of plan.onBreach) {
    const because = breachesOf(result, action);
    if (because.length === 0) continue;
    const common = { severity: action.severity, because, command: redact(action.command) };
    context.log.append('gate.acting', common);
    context.log.append('gate.acted', { ...common, ...(await act(plan, action, because, result, context.directory)) });
  }
}

async function act(
  plan: Plan,
  { command, timeLimitMs, severity }: BreachAction,
  because: readonly string[],
  result: RunResult,
  directory: string,
): Promise<Pick<EventBody<'gate.acted'>, 'done' | 'message'>> {
  const environment = {
    ...plan.system.env,
    PLIMSOLL_RUN: result.run.id,
    PLIMSOLL_RUN_DIRECTORY: directory,
    PLIMSOLL_SCENARIO: result.run.scenario.name,
    PLIMSOLL_VERDICT: result.verdict,
    PLIMSOLL_SEVERITY: severity,
    PLIMSOLL_BECAUSE: because.join('\n'),
  };
  try {
    const ended = await runBounded({ command, environment, directory: plan.system.cwd }, timeLimitMs);
    const done = ended.exitCode === 0 && !ended.timedOut;
    return { done, message: done ? `done after ${formatMs(ended.tookMs)}` : `the command ${endingOf(ended)}` };
  } catch (error) {
    return { done: false, message: messageOf(error) };
  }
}
