import type { Plan } from '../plan/plan.js';
import { commandOf } from '../targets/process.js';
import { firstUnreachable } from '../targets/reachable.js';
import { pidsListeningOn } from '../targets/sockets.js';
import { PlimsollError } from '../support/errors.js';
import { forgetSettled } from './left-behind.js';
import { conflicts, targetKeys } from './register.js';

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
  for (const { entry, state, shared } of conflicts(targetKeys(plan.system))) {
    if (state === 'abandoned') {
      throw new PlimsollError({
        kind: 'usage',
        code: 'abandoned_run',
        message: `run ${entry.runId} was killed together with its watchdog, and its faults may still be active (${entry.directory})`,
        hint: 'Run `plimsoll recover` first, or start this run with --recover.',
      });
    }
    throw new PlimsollError({
      kind: 'usage',
      code: 'run_in_the_way',
      message: `run ${entry.runId} (pid ${entry.conductor.pid}: ${commandOf(entry.conductor.pid)}) is using ${shared.join(', ')}`,
      hint: `Wait for it, or end it with: kill -INT ${entry.conductor.pid}`,
    });
  }
  for (const { address, what } of addressesToTake(plan)) await requireFree(address, what);
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
