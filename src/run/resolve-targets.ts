import type { Plan } from '../plan/plan.js';
import { createTargets } from '../targets/create-targets.js';
import { isPlimsollProxy, toxiproxyVersion } from '../targets/toxiproxy.js';
import type { LinkTarget } from '../targets/targets.js';
import { messageOf, PlimsollError } from '../support/errors.js';
import { plannedFault, prepareFault } from './fault-runner.js';
import type { EventBody } from '../record/events.js';

type ResolvedFault = EventBody<'plan.resolved'>['faults'][number];

/** What `plan` found out about one fault: its resolved targets, or why they can only be found during the run. */
export type PlannedTargets = { id: string; type: string } & ({ resolved: ResolvedFault } | { unresolved: string });

/**
 * Resolves every target as far as it is there right now, and injects nothing. What the run itself will start (its
 * system, the embedded proxy) isn't there yet; its processes are looked up when the run begins.
 */
export async function resolveTargets(plan: Plan): Promise<PlannedTargets[]> {
  const targets = createTargets({ runId: 'plan', links: await plannedLinks(plan), services: plan.system.services });
  const startsLater = plan.system.start !== undefined || plan.system.services.some((service) => service.how === 'run');
  const found: PlannedTargets[] = [];
  for (const fault of plan.faults) {
    const about = { id: fault.id, type: fault.definition.type };
    try {
      found.push({ ...about, resolved: plannedFault(fault, await prepareFault(fault, targets, plan.seed)) });
    } catch (error) {
      if (!startsLater || !(error instanceof PlimsollError)) throw error;
      found.push({ ...about, unresolved: `found when the system has been started (now: ${messageOf(error)})` });
    }
  }
  return found;
}

/** Stand-ins for the links: `plan` asks whether the server is there, but makes no proxy on it. */
async function plannedLinks(plan: Plan): Promise<LinkTarget[]> {
  const { toxiproxy, links } = plan.system;
  if (toxiproxy) await toxiproxyVersion(toxiproxy);
  const ours = toxiproxy === undefined || (await isPlimsollProxy(toxiproxy));
  const never = async (): Promise<never> => {
    throw new PlimsollError({ code: 'not_started', message: '`plan` touches no proxy' });
  };
  return links.map((link) => ({
    plan: link,
    api: toxiproxy ?? 'embedded',
    proxy: link.name,
    isPlimsollProxy: ours,
    addToxic: never,
    removeToxic: never,
    toxics: never,
    setEnabled: never,
    enabled: never,
    canary: never,
    traffic: never,
  }));
}
