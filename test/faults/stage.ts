import type { FaultContext, FaultDefinition, PreparedFault } from '../../src/faults/fault.js';
import { faultByType } from '../../src/faults/registry.js';
import type { Proof } from '../../src/record/proof.js';
import { random } from '../../src/support/random.js';
import { createTargets, type SupervisorPort } from '../../src/targets/create-targets.js';
import { ensureProxies } from '../../src/targets/link-proxies.js';
import type { LinkPlan, LinkTarget, ServicePlan, Targets } from '../../src/targets/targets.js';
import { undoAll } from '../../src/run/undo-runner.js';
import { freePort } from '../targets/toxiproxy-servers.js';

/** A fault as the run would have it: settings checked, targets resolved. */
export async function prepare(
  type: string,
  settings: Record<string, unknown>,
  targets: Targets,
  options: { id?: string; seed?: number } = {},
): Promise<PreparedFault> {
  const definition: FaultDefinition = faultByType(type);
  const context: FaultContext = { id: options.id ?? 'f1', targets, random: random(options.seed ?? 1, 'test') };
  return definition.prepare(definition.settings.parse(settings), context);
}

/** Injects and proves. */
export async function inject(fault: PreparedFault): Promise<Proof> {
  const { signal } = new AbortController();
  await fault.arm?.(signal);
  await fault.inject(signal);
  return fault.prove(signal);
}

/** Carries out the undo records as the conductor does, twice, and proves. */
export async function undo(fault: PreparedFault): Promise<Proof> {
  const twice: string[] = [];
  for (const expectedDone of [false, true]) {
    const { failed } = await undoAll(fault.undo, {
      onDone: (record, { alreadyDone }) => {
        if (expectedDone && !alreadyDone) twice.push(record.words);
      },
      onFailed: () => undefined,
    });
    if (failed[0]) throw new Error(failed[0].message);
    if (twice.length > 0) throw new Error(`done twice: ${twice.join(', ')}`);
  }
  return fault.proveUndone();
}

export async function oneLink(
  upstream: string,
  server: { api: string; embedded: boolean },
  more: Partial<LinkPlan> = {},
): Promise<{ targets: Targets; link: LinkTarget; listen: string }> {
  const listen = `127.0.0.1:${await freePort()}`;
  const plan: LinkPlan = {
    name: 'order-payment',
    from: 'order',
    to: 'payment',
    listen,
    upstream,
    via: undefined,
    protocol: 'redis',
    canary: undefined,
    ...more,
  };
  const { links } = await ensureProxies([plan], { api: server.api, runId: 'test', embedded: server.embedded });
  const [link] = links;
  if (!link) throw new Error('no link');
  return { targets: createTargets({ runId: 'test', links, services: [] }), link, listen };
}

export function serviceTargets(services: ServicePlan[], supervisor?: SupervisorPort): Targets {
  return createTargets({ runId: 'test', links: [], services, supervisor });
}
