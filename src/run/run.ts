import type { Plan } from '../plan/plan.js';
import { looksOf } from '../plan/trial-order.js';
import { EventLog } from '../record/event-log.js';
import type { RunEvent } from '../record/events.js';
import { createRunDirectory, type RunDirectory } from '../record/run-directory.js';
import { newRunId } from '../record/run-id.js';
import type { RunResult } from '../result/schema.js';
import { systemClock } from '../support/clock.js';
import { finish } from './finish.js';
import { actOnBreaches } from './gate.js';
import { gitBranch, gitCommit, hostFacts, versions } from './host-facts.js';
import { Journal } from './journal.js';
import { streamHeaders } from './load-session.js';
import { RunStack } from './run-stack.js';
import type { Steering } from './steering.js';
import { asStopped } from './stop-reason.js';

export interface RunOptions {
  /** Where run directories are made: `reports`. */
  runsRoot: string;
  cwd: string;
  /** Aborted with a `RunStopped` as its reason: a person or a signal ends the run. */
  signal: AbortSignal;
  /** Aborted by a second signal: the undo goes to the watchdog at once. */
  handOver: AbortSignal;
  /** Act on what broke, as the scenario's `onBreach` says. */
  gate?: boolean;
  /** For "how to run it again". */
  commandLine: string;
  /** The run directory is there; called before the first event. */
  onDirectory(directory: RunDirectory): Promise<void>;
  onEvent(event: RunEvent): void;
  /** People steer the faults instead of the clock: a game day. */
  steering?: Steering;
}

export interface Finished {
  result: RunResult;
  directory: RunDirectory;
}

/**
 * One run from its plan to its result: builds everything up, lets the conductor conduct, takes everything down again,
 * folds and judges. It throws only when not even a run directory could be made; all else is in the result.
 */
export async function runPlan(plan: Plan, options: RunOptions): Promise<Finished> {
  const t0Us = systemClock.nowUs();
  const wall = systemClock.wall();
  const runId = newRunId();
  plan.load.runId = runId;
  const directory = createRunDirectory(options.runsRoot, plan.scenario.name, runId, wall);
  const log = EventLog.create(directory.events, { t0Us, clock: systemClock });
  await options.onDirectory(directory);
  log.onEvent((event) => options.onEvent(event));
  const journal = Journal.create(directory.path);

  const abort = new AbortController();
  const forward = () => abort.abort(options.signal.reason);
  if (options.signal.aborted) forward();
  else options.signal.addEventListener('abort', forward, { once: true });

  const [commit, branch] = await Promise.all([gitCommit(options.cwd), gitBranch(options.cwd, process.env)]);
  log.append('run.started', {
    runId,
    wallTime: wall.toISOString(),
    t0Us,
    scenario: plan.scenario,
    seed: plan.seed,
    streams: streamHeaders(plan.load),
    phases: {
      warmupS: plan.phases.warmupMs / 1000,
      baselineS: plan.phases.baselineMs / 1000,
      faultS: plan.phases.faultMs / 1000,
      recoveryS: plan.phases.recoveryMs / 1000,
    },
    ...(plan.trials === 1 ? {} : { trials: plan.trials, looks: looksOf(plan) }),
    versions: versions(),
    host: hostFacts(),
    ...(commit === undefined ? {} : { gitCommit: commit }),
    ...(branch === undefined ? {} : { gitBranch: branch }),
    commandLine: options.commandLine,
    ...(options.steering ? { gameDay: options.steering.setup } : {}),
  });
  options.steering?.attach({ log, abort });

  const { handOver, steering } = options;
  const stack = new RunStack(plan, { runId, directory, log, journal, t0Us, abort, handOver, steering });
  try {
    log.append('phase.started', { phase: 'preparing', trial: 1 });
    await stack.build();
    await stack.conduct();
  } catch (error) {
    stack.noteStop(asStopped(abort.signal.aborted ? abort.signal.reason : error));
  } finally {
    options.signal.removeEventListener('abort', forward);
    await stack.takeDown();
  }
  const act = async (judged: RunResult) => actOnBreaches(plan, judged, { log, directory: directory.path });
  return { result: await finish(log, directory, options.gate ? act : undefined), directory };
}
