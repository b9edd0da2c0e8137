import { z } from 'zod';
import type { Proof } from '../record/proof.js';
import { pauseContainer, stateOfContainer } from '../targets/container.js';
import { frozenState } from '../targets/freezer.js';
import { defineFault } from './fault.js';
import { containerSelection } from './shared/container-settings.js';
import {
  containerRefs,
  describeContainer,
  howManyContainers,
  selectContainers,
  vanished,
  type PickedContainer,
} from './shared/container-selection.js';

const settings = z.strictObject({ ...containerSelection });

export default defineFault({
  type: 'container-pause',
  title: 'Paused container',
  family: 'container',
  description:
    'All processes of a container are frozen and go on later, as on a host that is starved or migrated. ' +
    'Connections to it are still accepted or hang, so callers see silence, not refusal: it shows whether somebody stops sending to a replica that hangs.',
  settings,
  duration: 'lasting',
  example: '- { type: container-pause, service: order, count: 1, for: 10s }',
  refersTo: (given) => ({ links: [], services: [given.service] }),
  async prepare(given, context) {
    const { picked, all } = await selectContainers(given, context);
    return {
      summary: `pause ${howManyContainers(picked, all)}`,
      targets: containerRefs(picked),
      undo: picked.map((container, position) => ({
        kind: 'unpause-container',
        id: `${context.id}/${position}`,
        fault: context.id,
        words: `unpause ${describeContainer(container)} of ${container.service}`,
        byHand: `docker unpause ${container.id}`,
        timeLimitMs: 15_000,
        container: container.id,
      })),
      async inject(signal) {
        for (const container of picked) {
          signal.throwIfAborted();
          if ((await pauseContainer(container.id, signal)) === 'gone') throw vanished(container);
        }
      },
      prove: async () => provePaused(picked, true),
      proveUndone: async () => provePaused(picked, false),
    };
  },
});

/** The engine's word, and where its processes can be seen from here, the kernel's. */
async function provePaused(picked: readonly PickedContainer[], wanted: boolean): Promise<Proof> {
  const looks = await Promise.all(
    picked.map(async (container) => {
      const state = await stateOfContainer(container.id);
      const kernel = state?.pid ? frozenState(state.pid, container.id) : undefined;
      const paused = state?.paused === true && kernel !== false;
      const running = state?.running === true && !state.paused && kernel !== true;
      return { container, kernel, state, fits: wanted ? paused : running };
    }),
  );
  const fitting = looks.filter(({ fits }) => fits).length;
  const seen = looks.every(({ kernel }) => kernel !== undefined);
  const words = looks.map(
    ({ container, state, kernel }) =>
      `${container.name}: ${state === undefined ? 'gone' : state.paused ? 'paused' : state.running ? 'running' : 'ended'}` +
      (kernel === undefined ? '' : kernel ? ', frozen by the kernel' : ', not frozen by the kernel'),
  );
  return {
    status: fitting === picked.length ? 'confirmed' : 'mismatch',
    method: seen
      ? "the engine's state and the freezer of the container's cgroup"
      : "the engine's state of the container",
    finding: `${fitting} of ${picked.length} ${wanted ? 'paused' : 'running'} (${words.join('; ')})`,
    measured: { fitting, ordered: picked.length, seenInKernel: seen },
  };
}
