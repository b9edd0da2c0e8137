import type { Plan } from '../plan/plan.js';
import type { RunEvent } from '../record/events.js';
import type { RunDirectory } from '../record/run-directory.js';
import type { RunResult } from '../result/schema.js';
import type { Finished } from '../run/run.js';
import type { Steering } from '../run/steering.js';
import { systemClock } from '../support/clock.js';
import type { CommandContext, StopSignal } from './command.js';
import { openReporters, type ReporterOrder } from './reporter-order.js';

/** A second signal within this time is an echo of the first, not a second wish. */
const ECHO_US = 500_000;

/** Who else is told what happens: `/metrics`, a live page. */
export interface RunWatcher {
  onEvent(event: RunEvent): void;
  /** Where the run that begins is recorded. */
  onDirectory?(directory: RunDirectory): void;
  /** Before the reporters write theirs. */
  onResult?(result: RunResult): void;
}

/** Runs one plan, shows its progress and its result. `stopped`: a signal ended it, so that no other may start. */
export async function runOne(
  plan: Plan,
  orders: ReporterOrder[],
  flags: { out: string; gate?: boolean; quiet?: boolean; verbose?: boolean; steering?: Steering },
  context: CommandContext,
  watcher: RunWatcher | undefined,
): Promise<Finished & { stopped: boolean }> {
  const [{ runPlan }, { preflight }, { RunStopped }] = await Promise.all([
    import('../run/run.js'),
    import('../run/preflight.js'),
    import('../run/stop-reason.js'),
  ]);
  await preflight(plan, (line) => context.err(`${line}\n`));
  for (const { code, message } of plan.warnings) if (code === 'cannot_decide') context.err(`warning: ${message}\n`);

  const stop = new AbortController();
  const handOver = new AbortController();
  let firstAtUs = Infinity;
  const forget = context.onSignal((signal: StopSignal) => {
    // npm passes on what the terminal has sent to the whole group: one Ctrl-C comes twice.
    if (stop.signal.aborted && systemClock.nowUs() - firstAtUs < ECHO_US) return;
    if (!stop.signal.aborted) {
      firstAtUs = systemClock.nowUs();
      context.err(`\n${signal}: undoing what was broken (again to hand the undo to the watchdog and leave at once)\n`);
      stop.abort(new RunStopped({ kind: 'signal', signal }));
      return;
    }
    context.err('\nleaving at once: the watchdog undoes what is left and ends what the run started\n');
    handOver.abort();
    context.exitNow({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal]);
  });
  let reporters: Awaited<ReturnType<typeof openReporters>> | undefined;
  try {
    const { result, directory } = await runPlan(plan, {
      runsRoot: flags.out,
      cwd: context.cwd,
      gate: flags.gate === true,
      signal: stop.signal,
      handOver: handOver.signal,
      commandLine: context.commandLine,
      ...(flags.steering ? { steering: flags.steering } : {}),
      onDirectory: async (made) => {
        watcher?.onDirectory?.(made);
        reporters = await openReporters(
          orders,
          made,
          { quiet: flags.quiet === true, verbose: flags.verbose === true },
          context,
        );
      },
      onEvent: (event) => {
        reporters?.onEvent(event);
        watcher?.onEvent(event);
      },
    });
    watcher?.onResult?.(result);
    await reporters?.onEnd(result);
    for (const warning of directory.warnings) context.err(`warning: ${warning}\n`);
    return { result, directory, stopped: stop.signal.aborted };
  } finally {
    forget();
  }
}
