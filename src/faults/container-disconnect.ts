import { z } from 'zod';
import type { Proof } from '../record/proof.js';
import type { UndoRecord } from '../record/undo.js';
import { disconnectContainer, networkHolds, stateOfContainer, type ContainerNetwork } from '../targets/container.js';
import { PlimsollError } from '../support/errors.js';
import { defineFault, type FaultContext } from './fault.js';
import { containerSelection } from './shared/container-settings.js';
import {
  containerRefs,
  describeContainer,
  howManyContainers,
  selectContainers,
  vanished,
  type PickedContainer,
} from './shared/container-selection.js';

const settings = z.strictObject({
  ...containerSelection,
  network: z
    .string()
    .min(1)
    .optional()
    .describe('Only from this network, by its name; from all that it is attached to unless said otherwise'),
});

/** A container and one of the networks that it is taken from. */
interface Cut {
  container: PickedContainer;
  network: ContainerNetwork;
}

export default defineFault({
  type: 'container-disconnect',
  title: 'Disconnected container',
  family: 'container',
  description:
    'Containers of a service are taken from their network and attached again later, with the same aliases, as in a network partition or when a cable is pulled. ' +
    'Connections hang, new ones find no way: it shows whether callers have time limits, and whether both sides find each other again.',
  settings,
  duration: 'lasting',
  example: '- { type: container-disconnect, service: order, count: 1, for: 10s }',
  refersTo: (given) => ({ links: [], services: [given.service] }),
  async prepare(given, context) {
    const { picked, all } = await selectContainers(given, context);
    const cuts = picked.flatMap((container) => cutsOf(container, given.network));
    const networks = [...new Set(cuts.map(({ network }) => network.name))].join(', ');
    return {
      summary: `take ${howManyContainers(picked, all)} from network ${networks}`,
      targets: containerRefs(picked),
      undo: cuts.map((cut, position) => connectRecord(context, cut, position)),
      async inject(signal) {
        for (const { container, network } of cuts) {
          signal.throwIfAborted();
          if ((await disconnectContainer(container.id, network.id)) === 'gone') throw vanished(container);
        }
      },
      prove: async () => proveCut(cuts),
      proveUndone: async () => proveAttached(cuts),
    };
  },
});

/** @throws PlimsollError `no_network` where there is nothing to take it from. */
function cutsOf(container: PickedContainer, only: string | undefined): Cut[] {
  const { networks, networkMode } = container.before;
  if (networkMode === 'host' || networkMode === 'none' || networkMode.startsWith('container:')) {
    throw new PlimsollError({
      code: 'no_network',
      message: `${describeContainer(container)} of ${container.service} has no network of its own (network mode ${networkMode}), so it cannot be taken from one`,
      hint: 'Attach it to a network (docker run --network <name>), or put a fault on its links.',
      kind: 'usage',
    });
  }
  const cut = networks.filter(({ name }) => only === undefined || name === only);
  if (cut.length > 0) return cut.map((network) => ({ container, network }));
  throw new PlimsollError({
    code: 'no_network',
    message:
      only === undefined
        ? `${describeContainer(container)} of ${container.service} is attached to no network`
        : `${describeContainer(container)} of ${container.service} is not attached to network ${only}`,
    hint:
      networks.length > 0
        ? `It is attached to ${networks.map(({ name }) => name).join(', ')}.`
        : 'Who took it from there?',
    kind: 'usage',
  });
}

function connectRecord(context: FaultContext, { container, network }: Cut, position: number): UndoRecord {
  const { id, aliases, links, fixedAddress } = network;
  const options = [
    ...aliases.filter((alias) => !container.id.startsWith(alias)).map((alias) => `--alias ${alias}`),
    ...links.map((link) => `--link ${link}`),
    ...(fixedAddress === undefined ? [] : [`--ip ${fixedAddress}`]),
  ];
  return {
    kind: 'connect-container',
    id: `${context.id}/${position}`,
    fault: context.id,
    words: `attach ${describeContainer(container)} of ${container.service} to network ${network.name} again`,
    byHand: ['docker network connect', ...options, network.name, container.id].join(' '),
    timeLimitMs: 15_000,
    container: container.id,
    network: { id, aliases, links, ...(fixedAddress === undefined ? {} : { fixedAddress }) },
  };
}

/** Asked from both sides: the container must not name the network, nor the network the container. */
async function proveCut(cuts: readonly Cut[]): Promise<Proof> {
  const attached = await Promise.all(
    cuts.map(async ({ container, network }) => {
      const state = await stateOfContainer(container.id);
      return (
        state === undefined ||
        state.networks.some(({ id }) => id === network.id) ||
        (await networkHolds(network.id, container.id))
      );
    }),
  );
  const left = cuts.filter((_, position) => attached[position]);
  return {
    status: left.length === 0 ? 'confirmed' : 'mismatch',
    method: "the engine's view of the container and of the network",
    finding:
      left.length === 0
        ? cuts.map(({ container, network }) => `${container.name} is not on ${network.name}`).join(', ')
        : left.map(({ container, network }) => `${container.name} is gone or still on ${network.name}`).join(', '),
    measured: { cut: cuts.length - left.length, ordered: cuts.length },
  };
}

async function proveAttached(cuts: readonly Cut[]): Promise<Proof> {
  const looks = await Promise.all(
    cuts.map(async ({ container, network }) => {
      const now = (await stateOfContainer(container.id))?.networks.find(({ id }) => id === network.id);
      const missing = now
        ? [...network.aliases, ...network.links].filter((one) => ![...now.aliases, ...now.links].includes(one))
        : [];
      const moved = network.fixedAddress !== undefined && now?.address !== network.fixedAddress;
      const fits = now !== undefined && missing.length === 0 && !moved;
      const words = !now
        ? `${container.name} is not on ${network.name}`
        : missing.length > 0
          ? `${container.name} lacks ${missing.join(', ')} on ${network.name}`
          : `${container.name} is on ${network.name} with its aliases, address ${now.address}${now.address === network.address ? ' as before' : `, before ${network.address}`}`;
      return { fits, words };
    }),
  );
  return {
    status: looks.every(({ fits }) => fits) ? 'confirmed' : 'mismatch',
    method: "the engine's view of the container: network, aliases, links, address",
    finding: looks.map(({ words }) => words).join('; '),
    measured: { attached: looks.filter(({ fits }) => fits).length, ordered: cuts.length },
  };
}
