import type { Proof } from '../../record/proof.js';
import type { UndoRecord } from '../../record/undo.js';
import type { ProcessRef, ServicePlan, Targets } from '../../targets/targets.js';
import { isAlive } from '../../targets/process.js';
import { firstUnreachable } from '../../targets/reachable.js';
import { systemClock } from '../../support/clock.js';
import { PlimsollError, messageOf } from '../../support/errors.js';
import { formatMs } from '../../support/units.js';
import type { FaultContext } from '../fault.js';

type EnsureService = Extract<UndoRecord, { kind: 'ensure-service' }>;

/** Who brings processes back that a fault ends. */
export interface WayBack {
  by: EnsureService['by'];
  command: string | undefined;
  /** Where it can be seen that they are back. */
  addresses: string[];
  /** How long it may take. */
  limitMs: number;
  words: string;
}

/** A supervised or commanded restart that has not happened by then has failed. */
const OWN_RESTART_LIMIT_MS = 30_000;
/** Beyond the promised time, before the undo counts as failed: being late is a finding, being away is damage. */
const LATE_GRACE_MS = 10_000;

/**
 * Works out who brings the processes back and where that shows.
 *
 * @throws PlimsollError `no_way_back` if nobody does, `back_unseen` if nobody could tell.
 */
export function wayBackOf(
  given: { comesBack?: number | undefined; restart?: string | undefined },
  picked: readonly ProcessRef[],
  service: ServicePlan,
): WayBack {
  const addresses = addressesOf(picked, service);
  if (given.comesBack !== undefined && given.restart !== undefined) {
    throw new PlimsollError({
      code: 'two_ways_back',
      message: `the fault on ${service.name} has both \`comesBack\` and \`restart\``,
      hint: 'Keep one of them.',
      kind: 'usage',
    });
  }
  if (service.how === 'run' && service.restart === 'always' && given.restart === undefined) {
    const limitMs = given.comesBack ?? OWN_RESTART_LIMIT_MS;
    return { by: 'supervised', command: undefined, addresses, limitMs, words: 'Plimsoll starts it again' };
  }
  if (given.comesBack === undefined && given.restart === undefined) {
    throw new PlimsollError({
      code: 'no_way_back',
      message: `nobody would bring ${service.name} back after this fault`,
      hint: 'Write `comesBack: 10s` (somebody else restarts it), `restart: <command>`, or let Plimsoll run it with `process: { run: …, restart: always }`.',
      kind: 'usage',
    });
  }
  if (addresses.length === 0) {
    throw new PlimsollError({
      code: 'back_unseen',
      message: `it could not be seen whether ${service.name} is back: it has no address`,
      hint: 'Give the service a `url`, or find its process by `listening: host:port`.',
      kind: 'usage',
    });
  }
  return given.restart === undefined
    ? {
        by: 'watched',
        command: undefined,
        addresses,
        limitMs: given.comesBack ?? 0,
        words: `it must be back within ${formatMs(given.comesBack ?? 0)}`,
      }
    : {
        by: 'command',
        command: given.restart,
        addresses,
        limitMs: OWN_RESTART_LIMIT_MS,
        words: `\`${given.restart}\` starts it again`,
      };
}

export function ensureServiceRecord(context: FaultContext, service: string, back: WayBack): UndoRecord {
  const where = back.addresses.length > 0 ? ` on ${back.addresses.join(', ')}` : '';
  return {
    kind: 'ensure-service',
    id: `${context.id}/0`,
    fault: context.id,
    words: `make sure that ${service} is back${where}`,
    byHand: back.command ?? `start ${service} again and check that it answers${where}`,
    timeLimitMs: back.limitMs + LATE_GRACE_MS,
    service,
    by: back.by,
    ...(back.command === undefined ? {} : { command: back.command }),
    addresses: back.addresses,
  };
}

const LAST_MOMENT_MS = 500;

/** Notes when the addresses answer again, in the background, so that the time back is known to about 25 ms. */
export class ReturnWatch {
  #backAfterMs: number | undefined;
  #watching: Promise<void> | undefined;
  readonly #stop = new AbortController();

  /** @param gone the processes that were hit: as long as one of them lives, nobody is back yet. */
  constructor(
    private readonly back: WayBack,
    private readonly gone: readonly ProcessRef[],
  ) {}

  /** Call it right after the injection. */
  begin(): void {
    if (this.back.addresses.length === 0) return;
    const beganUs = systemClock.nowUs();
    this.#watching = this.#watch(beganUs).catch(() => undefined);
  }

  end(): void {
    this.#stop.abort();
  }

  /** Milliseconds; undefined where it was not seen. Whoever asks may have seen it first: the watch gets a last moment. */
  async backAfterMs(): Promise<number | undefined> {
    if (this.#watching) await Promise.race([this.#watching, systemClock.sleep(LAST_MOMENT_MS)]);
    this.end();
    return this.#backAfterMs;
  }

  async #watch(beganUs: number): Promise<void> {
    const untilUs = beganUs + (this.back.limitMs + LATE_GRACE_MS) * 1000;
    while (systemClock.nowUs() < untilUs) {
      await systemClock.sleep(25, this.#stop.signal);
      if (this.gone.some(isAlive)) continue;
      if ((await firstUnreachable(this.back.addresses, 250)) !== undefined) continue;
      this.#backAfterMs = (systemClock.nowUs() - beganUs) / 1000;
      return;
    }
  }
}

/** As many live processes as before, none of them one that was hit, and their addresses answer. */
export async function proveBack(
  targets: Targets,
  service: string,
  hit: readonly ProcessRef[],
  before: number,
  back: WayBack,
  watch: ReturnWatch,
): Promise<Proof> {
  const method = 'live processes and their ports';
  // The undo has waited for the ports already, and only the count of processes may lag behind; without ports, the wait is here.
  const untilUs = systemClock.nowUs() + (back.addresses.length > 0 ? 2_000 : LATE_GRACE_MS) * 1000;
  let live: ProcessRef[] = [];
  let problem = '';
  do {
    try {
      live = await targets.processes(service);
    } catch (error) {
      problem = messageOf(error);
      live = [];
    }
    const same = hit.filter(isAlive);
    const silent = await firstUnreachable(back.addresses, 500);
    if (same.length === 0 && silent === undefined && live.length >= before) {
      const backAfterMs = await watch.backAfterMs();
      const late = backAfterMs !== undefined && backAfterMs > back.limitMs;
      return {
        status: 'confirmed',
        method,
        finding:
          `${service} has ${live.length} live processes again` +
          (backAfterMs === undefined
            ? ''
            : `; it was back after ${formatMs(backAfterMs)}${late ? `, later than the promised ${formatMs(back.limitMs)}` : ''}`),
        measured: {
          processes: live.length,
          ...(backAfterMs === undefined ? {} : { backAfterMs: Math.round(backAfterMs), backInTime: !late }),
        },
      };
    }
    problem =
      silent === undefined
        ? `${live.length} of ${before} processes are alive`
        : `nobody accepts a connection on ${silent}`;
    await systemClock.sleep(50);
  } while (systemClock.nowUs() < untilUs);
  watch.end();
  return {
    status: 'mismatch',
    method,
    finding: `${service} is not back: ${problem}`,
    measured: { processes: live.length },
  };
}

function addressesOf(picked: readonly ProcessRef[], service: ServicePlan): string[] {
  const own = picked.flatMap(({ address }) => address ?? []);
  if (own.length > 0) return own;
  if (service.url === undefined) return [];
  const url = new URL(service.url);
  return [`${url.hostname}:${url.port || (url.protocol === 'https:' ? 443 : 80)}`];
}
