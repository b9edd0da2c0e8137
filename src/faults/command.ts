import { resolve } from 'node:path';
import { z } from 'zod';
import { redact } from '../record/redact.js';
import type { LookCommand, UndoRecord } from '../record/undo.js';
import { byHand, endingOf, runBounded, type Command, type CommandResult } from '../targets/command.js';
import { PlimsollError } from '../support/errors.js';
import { defineFault, type FaultContext } from './fault.js';
import { commandSteps, lookOf, proofBy, proofsBySteps, type Step } from './shared/command-steps.js';

const settings = z.strictObject({
  ...commandSteps,
  directory: z
    .string()
    .min(1)
    .optional()
    .describe('Where the commands run; where Plimsoll was started unless said otherwise'),
});

export default defineFault({
  type: 'command',
  title: 'Own commands',
  family: 'anything',
  description:
    'Your own commands do the harm, take it back, and measure both: for whatever has no fault of its own here, such as a feature flag, a firewall rule or a failover. ' +
    'They run without a shell (write `sh -c "…"` for one), each in a process group that is killed when its time is over. ' +
    'The undo is written down before `inject` runs, with its environment, and is carried out after a failed injection, and after `kill -9` of Plimsoll, too. ' +
    'That it does no harm when it runs twice, or when there is nothing to undo, is up to your command. ' +
    'What a command leaves running must write its output to a file or to /dev/null.',
  settings,
  duration: 'lasting',
  example: `- type: command
  inject: { run: redis-cli config set maxmemory 1mb, timeLimit: 5s }
  undo: redis-cli config set maxmemory 0
  prove: sh -c "redis-cli config get maxmemory | grep -qx 1048576"`,
  refersTo: () => ({ links: [], services: [] }),
  async prepare(given, context) {
    const directory = resolve(given.directory ?? '.');
    const command = (one: Step, more: Record<string, string> = {}): Command => ({
      command: one.run,
      environment: { ...given.environment, ...more },
      directory,
    });
    const marker = `${context.targets.runId}/${context.id}`;
    const run = async (one: Step, signal?: AbortSignal) => runBounded(command(one), one.timeLimitMs, signal);
    let injected: CommandResult | undefined;
    return Promise.resolve({
      summary: `run ${redact(given.inject.run)}`,
      targets: [{ kind: 'machine', name: 'command', detail: redact(given.inject.run) }],
      undo: [undoRecord(context, command(given.undo), given.undo.timeLimitMs, marker, lookOf(given))],
      async inject(signal) {
        const one = command(given.inject, { [INJECT_MARKER]: marker });
        injected = await runBounded(one, given.inject.timeLimitMs, signal);
        if (injected.exitCode === 0 && !injected.timedOut) return;
        throw new PlimsollError({
          code: 'injection_failed',
          message: `the inject command ${endingOf(injected)} (${redact(given.inject.run)})`,
          hint: 'What it may have done is undone. Run it by hand to see why it fails.',
        });
      },
      ...proofsBySteps(
        given,
        async (one, which, fits, signal) => proofBy(async () => run(one, signal), which, fits),
        () => `the inject command ${injected ? endingOf(injected) : 'has not run'}; nothing measured its effect`,
      ),
    });
  },
});

/** In the environment of `inject`: whoever undoes after our death finds by it an injection that is still at work. */
const INJECT_MARKER = 'PLIMSOLL_INJECT';

function undoRecord(
  context: FaultContext,
  command: Command,
  timeLimitMs: number,
  marker: string,
  look: LookCommand | undefined,
): UndoRecord {
  return {
    kind: 'run-command',
    id: `${context.id}/0`,
    fault: context.id,
    words: `run ${redact(command.command)}`,
    byHand: byHand(command),
    timeLimitMs,
    ...command,
    injectMarker: `${INJECT_MARKER}=${marker}`,
    ...(look ? { look } : {}),
  };
}
