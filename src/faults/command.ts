import { resolve } from 'node:path';
import { z } from 'zod';
import type { Proof } from '../record/proof.js';
import { redact } from '../record/redact.js';
import type { UndoRecord } from '../record/undo.js';
import { byHand, endingOf, runBounded, type Command, type CommandResult } from '../targets/command.js';
import { PlimsollError, messageOf } from '../support/errors.js';
import { commandLine, positiveDurationMs } from '../support/unit-schemas.js';
import { defineFault, type FaultContext } from './fault.js';

const TIME_LIMIT_MS = 10_000;

/** `run: …` with its limit, or the command line alone. */
const step = z
  .union(
    [
      commandLine,
      z.strictObject({
        run: commandLine.describe('The program and its arguments'),
        timeLimit: positiveDurationMs
          .optional()
          .describe('When this is over, the command is killed with its process group; 10s unless said otherwise'),
      }),
    ],
    'expected a command line with its quotes closed, or { run: <command line>, timeLimit: 10s }',
  )
  .transform((written) => ({
    run: typeof written === 'string' ? written : written.run,
    timeLimitMs: (typeof written === 'string' ? undefined : written.timeLimit) ?? TIME_LIMIT_MS,
  }));
type Step = z.output<typeof step>;

const settings = z.strictObject({
  inject: step.describe('Does the harm, and ends when it is done; any exit code but 0 is an error'),
  undo: step.describe(
    'Takes it back. It may be run more than once, also when `inject` failed half-way or never ran: it must do no harm then, and end with exit code 0',
  ),
  prove: step
    .optional()
    .describe('Measures that it took effect: exit code 0 if so. Without it the effect is unknown: see `proof`'),
  proveUndone: step
    .optional()
    .describe(
      'Measures that it is gone: exit code 0 if so. Without it `prove` is asked again, and must not end with 0',
    ),
  environment: z
    .record(z.string().regex(/^[A-Za-z_]\w*$/, 'must be the name of a variable'), z.string())
    .default({})
    .describe(
      'Variables for the commands, beside those of Plimsoll itself. Values of names like TOKEN, PASSWORD, SECRET or KEY are masked in all output',
    ),
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
      async prove(signal) {
        if (given.prove)
          return proof(
            async () => run(given.prove as Step, signal),
            'prove',
            (exitCode) => exitCode === 0,
          );
        return {
          status: 'unknown',
          method: 'none: the fault has no `prove` command',
          finding: `the inject command ${injected ? endingOf(injected) : 'has not run'}; nothing measured its effect`,
          measured: {},
        };
      },
      async proveUndone() {
        const { proveUndone, prove } = given;
        if (proveUndone)
          return proof(
            async () => run(proveUndone),
            'proveUndone',
            (exitCode) => exitCode === 0,
          );
        // Ended by a signal it said nothing, neither that the effect is there nor that it is gone.
        if (prove)
          return proof(
            async () => run(prove),
            'prove, which must fail now',
            (exitCode) => exitCode !== 0,
          );
        return {
          status: 'unknown',
          method: 'none: the fault has neither a `proveUndone` nor a `prove` command',
          finding: 'nothing measured that it is gone',
          measured: {},
        };
      },
    });
  },
});

/** In the environment of `inject`: whoever undoes after our death finds by it an injection that is still at work. */
const INJECT_MARKER = 'PLIMSOLL_INJECT';

type Look = Extract<UndoRecord, { kind: 'run-command' }>['look'];

/** How whoever undoes after our death can see that it is gone: as `proveUndone` below does. */
function lookOf({ proveUndone, prove }: { proveUndone?: Step | undefined; prove?: Step | undefined }): Look {
  const one = proveUndone ?? prove;
  return one && { command: one.run, timeLimitMs: one.timeLimitMs, goneWhen: proveUndone ? 'succeeds' : 'fails' };
}

function undoRecord(
  context: FaultContext,
  command: Command,
  timeLimitMs: number,
  marker: string,
  look: Look,
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

/** Runs a command that measures. One that can't be started, or says nothing in time, has measured nothing. */
async function proof(
  run: () => Promise<CommandResult>,
  which: string,
  fits: (exitCode: number) => boolean,
): Promise<Proof> {
  const method = `exit code of ${which}`;
  let result: CommandResult;
  try {
    result = await run();
  } catch (error) {
    return { status: 'unknown', method, finding: messageOf(error), measured: {} };
  }
  const { exitCode, timedOut, tookMs, output } = result;
  return {
    status: exitCode === null || timedOut ? 'unknown' : fits(exitCode) ? 'confirmed' : 'mismatch',
    method,
    finding: `the command ${endingOf(result)}`,
    measured: { exitCode, tookMs: Math.round(tookMs), output },
  };
}
