import type { ProcessRef } from '../../targets/targets.js';
import { PlimsollError } from '../../support/errors.js';
import type { FaultContext, PreparedFault } from '../fault.js';

export interface Selection {
  service: string;
  count?: number | undefined;
  share?: number | undefined;
  allowAll: boolean;
}

/**
 * Draws the processes to hit, with the fault's own stream of chance. Never all of a service unless the scenario says so.
 *
 * @throws PlimsollError `no_target`, `too_many_targets`, `count_and_share`
 */
export async function selectProcesses(
  selection: Selection,
  context: FaultContext,
): Promise<{ picked: ProcessRef[]; all: ProcessRef[] }> {
  return draw(await context.targets.processes(selection.service), selection, context, ['process', 'processes']);
}

/**
 * The same for whatever a service consists of.
 *
 * @param noun singular and plural of what is drawn.
 */
export function draw<Target extends { replica: number }>(
  all: Target[],
  selection: Selection,
  context: FaultContext,
  noun: readonly [string, string],
): { picked: Target[]; all: Target[] } {
  const { service, count, share, allowAll } = selection;
  if (count !== undefined && share !== undefined) {
    throw new PlimsollError({
      code: 'count_and_share',
      message: `the fault on ${service} has both \`count\` and \`share\``,
      hint: 'Keep one of them.',
      kind: 'usage',
    });
  }
  const wanted = count ?? (share === undefined ? 1 : Math.max(1, Math.floor(share * all.length)));
  if (wanted > all.length) {
    throw new PlimsollError({
      code: 'no_target',
      message: `${service} has ${all.length} live ${noun[1]}, the fault wants ${wanted}`,
      hint: 'Lower `count`, or wait until they are back.',
      kind: 'usage',
    });
  }
  if (wanted === all.length && !allowAll) {
    throw new PlimsollError({
      code: 'too_many_targets',
      message: `the fault would hit all ${all.length} live ${noun[1]} of ${service}`,
      hint: 'Hit fewer of them, or write `allowAll: true` if that is what you want to know.',
      kind: 'usage',
    });
  }
  const picked = context.random.pick(all, wanted).sort((a, b) => a.replica - b.replica);
  return { picked, all };
}

export function processRefs(picked: readonly ProcessRef[]): PreparedFault['targets'] {
  return picked.map((process) => ({ kind: 'process', name: process.service, detail: describe(process) }));
}

/** "order pid 4711 (127.0.0.1:7201)" */
export function describe(process: ProcessRef): string {
  return `pid ${process.pid}${process.address ? ` (${process.address})` : ''}`;
}

/** "1 of 2 processes of order: pid 4711 (127.0.0.1:7201)" */
export function howMany(picked: readonly ProcessRef[], all: readonly ProcessRef[]): string {
  const service = picked[0]?.service ?? 'the service';
  return `${picked.length} of ${all.length} ${all.length === 1 ? 'process' : 'processes'} of ${service}: ${picked.map(describe).join(', ')}`;
}
