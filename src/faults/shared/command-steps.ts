import { z } from 'zod';
import type { Proof } from '../../record/proof.js';
import type { LookCommand } from '../../record/undo.js';
import { endingOf, type CommandResult } from '../../targets/command.js';
import { messageOf } from '../../support/errors.js';
import { commandLine, positiveDurationMs } from '../../support/unit-schemas.js';
import type { PreparedFault } from '../fault.js';

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
export type Step = z.output<typeof step>;

/** Settings of faults that consist of commands. */
export const commandSteps = {
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
};

/** How whoever undoes after our death can see that it is gone: as `proveUndone` below does. */
export function lookOf({
  proveUndone,
  prove,
}: {
  proveUndone?: Step | undefined;
  prove?: Step | undefined;
}): LookCommand | undefined {
  const one = proveUndone ?? prove;
  return one && { command: one.run, timeLimitMs: one.timeLimitMs, goneWhen: proveUndone ? 'succeeds' : 'fails' };
}

/** Has a command measure; `fits` says which exit codes mean yes. */
type Measure = (
  one: Step,
  which: string,
  fits: (exitCode: number) => boolean,
  signal: AbortSignal | undefined,
) => Promise<Proof>;

/**
 * The proofs of a fault that consists of commands: by `prove`, and by `proveUndone` or a `prove` that must fail now.
 *
 * @param unmeasured what is known of the effect where there is no `prove`
 */
export function proofsBySteps(
  { prove, proveUndone }: { prove?: Step | undefined; proveUndone?: Step | undefined },
  measure: Measure,
  unmeasured: () => string,
): Pick<PreparedFault, 'prove' | 'proveUndone'> {
  const unknown = (has: string, finding: string): Proof => ({
    status: 'unknown',
    method: `none: the fault has ${has}`,
    finding,
    measured: {},
  });
  return {
    async prove(signal) {
      if (prove) return measure(prove, 'prove', (exitCode) => exitCode === 0, signal);
      return unknown('no `prove` command', unmeasured());
    },
    async proveUndone() {
      if (proveUndone) return measure(proveUndone, 'proveUndone', (exitCode) => exitCode === 0, undefined);
      // Ended by a signal it said nothing, neither that the effect is there nor that it is gone.
      if (prove) return measure(prove, 'prove, which must fail now', (exitCode) => exitCode !== 0, undefined);
      return unknown('neither a `proveUndone` nor a `prove` command', 'nothing measured that it is gone');
    },
  };
}

/** Runs a command that measures. One that can't be started, or says nothing in time, has measured nothing. */
export async function proofBy(
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
