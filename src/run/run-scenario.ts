import { parseScenario, type Problem, type ScenarioInput } from '../scenario/index.js';
import { resolvePlan } from '../plan/index.js';
import type { Plan } from '../plan/plan.js';
import type { RunEvent } from '../record/events.js';
import { PlimsollError } from '../support/errors.js';
import { foresee } from '../verdict/power.js';
import { preflight } from './preflight.js';
import { runPlan, type Finished } from './run.js';
import { RunStopped } from './stop-reason.js';

export interface RunScenarioOptions {
  /** Where run directories are made. Default `reports`. */
  runsRoot?: string;
  /** Relative paths of the scenario start here. Default: the current folder. */
  cwd?: string;
  /** Hosts outside loopback that load and faults may reach, if the scenario's `allow` names them too. */
  allowHosts?: string[];
  seed?: number;
  /** Aborting it undoes everything and ends the run. */
  signal?: AbortSignal;
  onEvent?(event: RunEvent): void;
}

/**
 * Runs one scenario.
 *
 * @throws PlimsollError `scenario_invalid` with all problems in its message; `port_in_use` and its like. Everything later
 * is in the result: look at `result.verdict`.
 */
export async function run(scenario: ScenarioInput, options: RunScenarioOptions = {}): Promise<Finished> {
  const resolved = plan(scenario, options);
  await preflight(resolved);
  const stop = new AbortController();
  const end = () => stop.abort(new RunStopped({ kind: 'signal', signal: 'SIGINT' }));
  if (options.signal?.aborted) end();
  options.signal?.addEventListener('abort', end, { once: true });
  return runPlan(resolved, {
    runsRoot: options.runsRoot ?? 'reports',
    cwd: options.cwd ?? process.cwd(),
    signal: stop.signal,
    handOver: new AbortController().signal,
    commandLine: `run(defineScenario({ name: '${scenario.name}', … }))`,
    onDirectory: async () => undefined,
    onEvent: (event) => options.onEvent?.(event),
  });
}

/** Checks and resolves a scenario; starts and touches nothing. */
export function plan(scenario: ScenarioInput, options: RunScenarioOptions = {}): Plan {
  const file = `${scenario.name}.json`;
  const parsed = parseScenario(JSON.stringify(scenario, null, 2), file, process.env);
  if (!parsed.scenario) throw invalid(parsed.problems);
  const resolved = resolvePlan(parsed.scenario, {
    allowHosts: options.allowHosts ?? [],
    cwd: options.cwd ?? process.cwd(),
    foresee,
    ...(options.seed === undefined ? {} : { seed: options.seed }),
  });
  if (!resolved.plan) throw invalid(resolved.problems);
  return resolved.plan;
}

function invalid(problems: readonly Problem[]): PlimsollError {
  const sentences = problems.map(({ message, hint, path }) => `${path.join('.')}: ${message}${hint ? ` ${hint}` : ''}`);
  return new PlimsollError({ kind: 'usage', code: 'scenario_invalid', message: sentences.join('\n') });
}
