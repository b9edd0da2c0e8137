import type { Plan } from '../plan/plan.js';
import { commandOf } from '../targets/process.js';
import { firstUnreachable } from '../targets/reachable.js';
import { pidsListeningOn } from '../targets/sockets.js';
import { PlimsollError } from '../support/errors.js';
import { forgetSettled } from './left-behind.js';
import { conflicts, others, targetKeys } from './register.js';
import { selectorsOf, sharedTargets } from './same-targets.js';

/**
 * What can be told before a run directory is made: another run in the way, an abandoned one, a port in use. An abandoned
 * run that owes nothing any more is taken out of the register first.
 *
 * @param log gets a line for each run that was taken out.
 * @throws PlimsollError `run_in_the_way`, `abandoned_run`, `port_in_use`
 */
export async function preflight(plan: Plan, log: (line: string) => void = () => undefined): Promise<void> {
  for (const { runId, directory } of forgetSettled()) {
    log(
      `run ${runId} was killed together with its watchdog, but owes nothing any more: taken off the register (${directory})`,
    );
  }
  for (const { entry } of conflicts([])) {
    throw new PlimsollError({
      kind: 'usage',
      code: 'abandoned_run',
      message: `run ${entry.runId} was killed together with its watchdog, and its faults may still be active (${entry.directory})`,
      hint: 'Run `plimsoll recover` first, or start this run with --recover.',
    });
  }
  await refuseOthers(plan);
  for (const { address, what } of addressesToTake(plan)) await requireFree(address, what);
}

/**
 * Two runs must not break the same thing: each would take the other's fault for its own, and its undo for a proof.
 *
 * @param ownRunId of this run, if it is in the register already
 * @throws PlimsollError `run_in_the_way`
 */
export async function refuseOthers(plan: Plan, ownRunId?: string): Promise<void> {
  for (const { entry, state, shared } of others(targetKeys(plan.system), ownRunId)) {
    if (state !== 'live') continue;
    const same = shared.length > 0 ? shared : await sharedTargets(selectorsOf(plan.system.services), entry.selectors);
    if (same.length === 0) continue;
    throw new PlimsollError({
      kind: 'usage',
      code: 'run_in_the_way',
      message: `run ${entry.runId} (pid ${entry.conductor.pid}: ${commandOf(entry.conductor.pid)}) is at work on ${same.map(plainWords).join('; ')}`,
      hint: `Two runs must not break the same thing. Wait for it, or end it with: kill -INT ${entry.conductor.pid}`,
    });
  }
}

function plainWords(key: string): string {
  return key.replace(/^listening /, 'what listens on ');
}

/** The addresses that the run itself, or the system that it starts, is going to listen on. */
function addressesToTake(plan: Plan): { address: string; what: string }[] {
  const { system } = plan;
  const links = system.toxiproxy
    ? []
    : system.links.map((link) => ({ address: link.listen, what: `link ${link.name}` }));
  const services = system.services.flatMap((service) => {
    const ours = service.how === 'run' || (service.how === 'listening' && system.start !== undefined);
    return ours ? service.addresses.map((address) => ({ address, what: `service ${service.name}` })) : [];
  });
  const urls =
    system.start === undefined ? [] : system.services.flatMap(({ name, url }) => (url ? [{ url, name }] : []));
  return [
    ...links,
    ...services,
    ...urls.flatMap(({ url, name }) => {
      const { protocol, host, port } = new URL(url);
      return protocol.startsWith('http') && port !== '' ? [{ address: host, what: `service ${name}` }] : [];
    }),
  ];
}

async function requireFree(address: string, what: string): Promise<void> {
  if ((await firstUnreachable([address], 500)) !== undefined) return;
  const pids = await pidsListeningOn(address);
  const owners = pids.map((pid) => `pid ${pid}: ${commandOf(pid)}`).join('; ');
  throw new PlimsollError({
    kind: 'usage',
    code: 'port_in_use',
    message: `${address}, which ${what} needs, is in use by ${owners || 'a process of another user'}`,
    hint: pids[0] ? `End it (kill ${pids[0]}), or give ${what} another port.` : `Give ${what} another port.`,
  });
}
