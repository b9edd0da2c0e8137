import type { Proof } from '../../record/proof.js';
import type { UndoRecord } from '../../record/undo.js';
import { startContainer, stateOfContainer, type ContainerState } from '../../targets/container.js';
import type { OrderOutcome } from '../../targets/engine.js';
import { firstUnreachable } from '../../targets/reachable.js';
import { systemClock } from '../../support/clock.js';
import { PlimsollError } from '../../support/errors.js';
import { formatMs } from '../../support/units.js';
import type { ServicePlan } from '../../targets/targets.js';
import type { FaultContext, PreparedFault } from '../fault.js';
import {
  containerRefs,
  describeContainer,
  howManyContainers,
  refuseAutoRemove,
  selectContainers,
  vanished,
  type PickedContainer,
} from './container-selection.js';
import type { Selection } from './process-selection.js';

/** After the start, before a container that does not answer counts as not back. */
const READY_LIMIT_MS = 15_000;

/** What the engine may take beyond the time that a container has to end. */
const SETTLES_MS = 1000;

interface ContainerWayBack {
  comesBack?: number | undefined;
  startAfter?: number | undefined;
}

/** @throws PlimsollError `no_way_back`, `two_ways_back` */
export function containerWayBackWords(given: ContainerWayBack, service: string): string {
  const both = given.comesBack !== undefined && given.startAfter !== undefined;
  if (both || (given.comesBack === undefined && given.startAfter === undefined)) {
    throw new PlimsollError({
      code: both ? 'two_ways_back' : 'no_way_back',
      message: both
        ? `the fault on ${service} has both \`comesBack\` and \`startAfter\``
        : `nobody would start ${service} again after this fault`,
      hint: both
        ? 'Keep one of them.'
        : 'Write `startAfter: 5s` (Plimsoll starts it again) or `comesBack: 10s` (somebody else does; Plimsoll watches).',
      kind: 'usage',
    });
  }
  return given.startAfter === undefined
    ? `it must be back within ${formatMs(given.comesBack ?? 0)}`
    : `started again after ${formatMs(given.startAfter)}`;
}

function startRecords(
  context: FaultContext,
  picked: readonly PickedContainer[],
  given: ContainerWayBack & { graceful?: number | undefined },
): UndoRecord[] {
  return picked.map((container, position) => ({
    kind: 'start-container',
    id: `${context.id}/${position}`,
    fault: context.id,
    words: `make sure that ${describeContainer(container)} of ${container.service} runs`,
    byHand: `docker start ${container.id}`,
    timeLimitMs: 20_000 + (given.comesBack ?? 0) + (given.graceful ?? 0),
    container: container.id,
    ...(given.comesBack === undefined ? {} : { comesBackMs: given.comesBack }),
    ...(given.graceful === undefined ? {} : { settlesMs: given.graceful + SETTLES_MS }),
  }));
}

/** Starts the containers again after a while, in the background. If that fails or never comes, the undo does it. */
class StartLater {
  #timer: NodeJS.Timeout | undefined;

  begin(picked: readonly PickedContainer[], afterMs: number | undefined): void {
    if (afterMs === undefined) return;
    this.#timer = setTimeout(() => {
      for (const { id } of picked) void startContainer(id).catch(() => undefined);
    }, afterMs);
    this.#timer.unref();
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/**
 * What the faults that end containers have in common: the draw, the way back, the order to each, the return.
 *
 * @param how.order `done` from the engine, or the container was not there to be hit.
 * @throws PlimsollError as `selectContainers`; `removed_when_ended`
 */
export async function prepareContainerEnd(
  given: Selection & ContainerWayBack & { graceful?: number | undefined },
  context: FaultContext,
  how: {
    summary(which: string): string;
    order(id: string): Promise<OrderOutcome>;
    prove(picked: readonly PickedContainer[], signal: AbortSignal): Promise<Proof>;
  },
): Promise<PreparedFault> {
  const service = context.targets.service(given.service);
  const { picked, all } = await selectContainers(given, context);
  refuseAutoRemove(picked);
  const later = new StartLater();
  return {
    summary: how.summary(howManyContainers(picked, all)),
    targets: containerRefs(picked),
    undo: startRecords(context, picked, given),
    async inject(signal) {
      for (const container of picked) {
        signal.throwIfAborted();
        if ((await how.order(container.id)) !== 'done') throw vanished(container);
      }
      later.begin(picked, given.startAfter);
    },
    prove: async (signal) => how.prove(picked, signal),
    async proveUndone() {
      later.end();
      return proveRunning(picked, service);
    },
  };
}

/** Each container has left the start in which it was hit: it ended, or runs anew. */
export async function proveEnded(
  picked: readonly PickedContainer[],
  words: string,
  limitMs: number,
  signal: AbortSignal,
  done: (before: ContainerState, now: ContainerState | undefined) => boolean = (before, now) =>
    now?.running !== true || now.startedAt !== before.startedAt,
): Promise<Proof> {
  const beganUs = systemClock.nowUs();
  for (;;) {
    const states = await Promise.all(picked.map(async ({ id }) => stateOfContainer(id)));
    const open = picked.filter(({ before }, position) => !done(before, states[position]));
    const tookMs = Math.round((systemClock.nowUs() - beganUs) / 1000);
    if (open.length > 0 && tookMs < limitMs) {
      await systemClock.sleep(50, signal);
      continue;
    }
    const codes = states.map((state) =>
      state === undefined || state.running ? 'running anew' : `exit code ${state.exitCode}`,
    );
    return {
      status: open.length === 0 ? 'confirmed' : 'mismatch',
      method: "the engine's state: running, and since when",
      finding:
        open.length === 0
          ? `${picked.map(describeContainer).join(', ')}: ${words} (${codes.join(', ')})`
          : `${open.map(describeContainer).join(', ')} still runs as before, ${formatMs(tookMs)} later`,
      measured: { hit: picked.length - open.length, ordered: picked.length },
    };
  }
}

/** They run, are not paused, and the service's address answers again. */
async function proveRunning(picked: readonly PickedContainer[], service: ServicePlan): Promise<Proof> {
  const method = "the engine's state, and the service's address";
  const address = addressOf(service);
  const untilUs = systemClock.nowUs() + READY_LIMIT_MS * 1000;
  for (;;) {
    const states = await Promise.all(picked.map(async ({ id }) => stateOfContainer(id)));
    const down = picked.filter((_, position) => {
      const state = states[position];
      return state?.running !== true || state.paused;
    });
    const silent = address === undefined ? undefined : await firstUnreachable([address], 500);
    if (down.length === 0 && silent === undefined) {
      return {
        status: 'confirmed',
        method,
        finding: `${picked.map(describeContainer).join(', ')} ${picked.length === 1 ? 'runs' : 'run'}${address === undefined ? '' : `, ${address} accepts connections`}`,
        measured: { running: picked.length },
      };
    }
    if (systemClock.nowUs() >= untilUs) {
      return {
        status: 'mismatch',
        method,
        finding:
          down.length > 0
            ? `${down.map(describeContainer).join(', ')} of ${service.name} does not run`
            : `nobody accepts a connection on ${silent}`,
        measured: { running: picked.length - down.length },
      };
    }
    await systemClock.sleep(100);
  }
}

function addressOf(service: ServicePlan): string | undefined {
  if (service.url === undefined) return undefined;
  const url = new URL(service.url);
  return `${url.hostname}:${url.port || (url.protocol === 'https:' ? 443 : 80)}`;
}
