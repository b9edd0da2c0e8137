import { z } from 'zod';
import type { Proof } from '../record/proof.js';
import { redact } from '../record/redact.js';
import type { UndoRecord } from '../record/undo.js';
import { endingOf, type CommandResult } from '../targets/command.js';
import { createExec, execByHand, runExec, type ContainerCommand } from '../targets/container-exec.js';
import { PlimsollError } from '../support/errors.js';
import { defineFault, type FaultContext } from './fault.js';
import { commandSteps, lookOf, proofBy, proofsBySteps, type Step } from './shared/command-steps.js';
import { containerSelection } from './shared/container-settings.js';
import {
  containerRefs,
  describeContainer,
  howManyContainers,
  selectContainers,
  vanished,
  type PickedContainer,
} from './shared/container-selection.js';

/** The undo may have to wait for a container that is being started again, and for the engine. */
const PATIENCE_MS = 15_000;

const settings = z.strictObject({
  ...containerSelection,
  ...commandSteps,
  environment: commandSteps.environment.describe(
    "Variables for the commands, beside the container's own. Values of names like TOKEN, PASSWORD, SECRET or KEY are masked in all output",
  ),
  directory: z
    .string()
    .min(1)
    .optional()
    .describe('Where the commands run, in the container; its own working directory unless said otherwise'),
  user: z
    .string()
    .min(1)
    .optional()
    .describe('As whom the commands run, `name` or `uid:gid` of the container; its own user unless said otherwise'),
});

export default defineFault({
  type: 'container-exec',
  title: 'Own commands in a container',
  family: 'container',
  description:
    'Your own commands do the harm inside the containers of a service, take it back, and measure both: for what only the inside can reach, such as a file, a cache, a certificate or a setting. ' +
    'They run without a shell (write `sh -c "…"` for one) with the programs that the container has, and are killed when their time is over. ' +
    'The undo is written down before `inject` runs, and is carried out after a failed injection, and after `kill -9` of Plimsoll, too: in a container that has meanwhile been started again, but not in one that was made anew in its place. ' +
    'That it does no harm when it runs twice, or when there is nothing to undo, is up to your command. ' +
    'What a command leaves running must write its output to a file or to /dev/null.',
  settings,
  duration: 'lasting',
  example: `- type: container-exec
  service: order
  inject: mv /etc/service/feature.conf /etc/service/feature.conf.away
  prove: sh -c "! test -e /etc/service/feature.conf"
  undo: sh -c "! test -e /etc/service/feature.conf.away || mv /etc/service/feature.conf.away /etc/service/feature.conf"`,
  refersTo: (given) => ({ links: [], services: [given.service] }),
  async prepare(given, context) {
    const { picked, all } = await selectContainers(given, context);
    const { environment, directory, user } = given;
    const command = (one: Step): ContainerCommand => ({ command: one.run, environment, directory, user });
    const run = async ({ id }: PickedContainer, one: Step, signal?: AbortSignal): Promise<CommandResult> => {
      const exec = await createExec(id, command(one));
      if (exec === undefined) throw gone(id);
      return runExec(id, exec, environment, one.timeLimitMs, signal);
    };
    /** The engine's ids of the injecting commands, by container. */
    const injecting = new Map<string, string>();
    const results: string[] = [];
    const undo: UndoRecord[] = [];
    return {
      summary: `run ${redact(given.inject.run)} in ${howManyContainers(picked, all)}`,
      targets: containerRefs(picked),
      undo,
      undoWords: picked.map((container) => wordsOf(container, given.undo)),
      async arm() {
        for (const [position, container] of picked.entries()) {
          const exec = await createExec(container.id, command(given.inject));
          if (exec === undefined) throw vanished(container);
          injecting.set(container.id, exec);
          undo.push(undoRecord(context, position, container, given, command(given.undo), exec));
        }
      },
      async inject(signal) {
        for (const container of picked) {
          const exec = injecting.get(container.id) ?? '';
          const result = await runExec(container.id, exec, environment, given.inject.timeLimitMs, signal);
          results.push(`${container.name}: it ${endingOf(result)}`);
          if (result.exitCode === 0 && !result.timedOut) continue;
          throw new PlimsollError({
            code: 'injection_failed',
            message: `the inject command in ${describeContainer(container)} ${endingOf(result)} (${redact(given.inject.run)})`,
            hint: `What it may have done is undone. Run it by hand to see why it fails: ${execByHand(container.name, command(given.inject))}`,
          });
        }
      },
      ...proofsBySteps(
        given,
        async (one, which, fits, signal) =>
          inAll(picked, async (container) => run(container, one, signal), which, fits),
        () => `nothing measured its effect (${results.join('; ')})`,
      ),
    };
  },
});

/** One measurement in each container; the worst of them counts. */
async function inAll(
  picked: readonly PickedContainer[],
  run: (container: PickedContainer) => Promise<CommandResult>,
  which: string,
  fits: (exitCode: number) => boolean,
): Promise<Proof> {
  const proofs: Proof[] = [];
  for (const container of picked) proofs.push(await proofBy(async () => run(container), which, fits));
  const has = (status: Proof['status']): boolean => proofs.some((proof) => proof.status === status);
  const fitting = proofs.filter(({ status }) => status === 'confirmed').length;
  return {
    status: has('mismatch') ? 'mismatch' : has('unknown') ? 'unknown' : 'confirmed',
    method: `exit code of ${which}, in each container`,
    finding: proofs.map(({ finding }, n) => `${picked[n]?.name}: ${finding}`).join('; '),
    measured: {
      fitting,
      ordered: picked.length,
      exitCodes: proofs.map(({ measured }) => String(measured['exitCode'] ?? 'none')).join(', '),
    },
  };
}

function wordsOf(container: PickedContainer, undo: Step): string {
  return `run ${redact(undo.run)} in ${describeContainer(container)} of ${container.service}`;
}

function undoRecord(
  context: FaultContext,
  position: number,
  container: PickedContainer,
  given: { undo: Step; prove?: Step | undefined; proveUndone?: Step | undefined },
  command: ContainerCommand,
  injecting: string,
): UndoRecord {
  const { environment, directory, user } = command;
  const { undo: step } = given;
  const look = lookOf(given);
  return {
    kind: 'run-in-container',
    id: `${context.id}/${position}`,
    fault: context.id,
    words: wordsOf(container, step),
    byHand: execByHand(container.id, command),
    timeLimitMs: step.timeLimitMs + PATIENCE_MS,
    container: container.id,
    command: step.run,
    environment,
    ...(directory === undefined ? {} : { directory }),
    ...(user === undefined ? {} : { user }),
    commandLimitMs: step.timeLimitMs,
    injecting,
    ...(look ? { look } : {}),
  };
}

function gone(id: string): PlimsollError {
  return new PlimsollError({
    code: 'container_gone',
    message: `container ${id.slice(0, 12)} is not there any more, so nothing can be measured in it`,
    hint: 'Who removed it?',
  });
}
