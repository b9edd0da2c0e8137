import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { ServicePlan } from '../../src/targets/targets.js';
import { stateOfContainer, type ContainerState } from '../../src/targets/container.js';

/** The base image of the shop; `node test/support/docker-images.js` makes it where it can't be pulled. */
const IMAGE = 'node:20-bookworm-slim';

const SERVER = `require('node:http').createServer((_, answer) => answer.end('here')).listen(80);
process.on('SIGTERM', () => process.exit(7));`;

/** Real containers on a network of their own, with a decoy beside them that nothing may touch. */
export interface Containers extends AsyncDisposable {
  /** By the label of the targets. */
  plan: ServicePlan;
  names: string[];
  network: string;
  state(name: string): Promise<ContainerState | undefined>;
  /** Everything about the decoy that a fault could change. */
  decoy(): Promise<unknown>;
}

export async function startContainers(
  count: number,
  more: { run?: string[]; program?: string } = {},
): Promise<Containers> {
  const mark = `plimsoll-test-${randomBytes(4).toString('hex')}`;
  const names = Array.from({ length: count }, (_, n) => `${mark}-${n}`);
  docker('network', 'create', mark);
  const start = (name: string, options: string[]): string =>
    docker('run', '-d', '--name', name, '--network', mark, ...options, IMAGE, 'node', '-e', more.program ?? SERVER);
  names.forEach((name, n) =>
    start(name, ['--label', `plimsoll.test=${mark}`, '--network-alias', `alias-${n}`, ...(more.run ?? [])]),
  );
  const decoy = `${mark}-decoy`;
  start(decoy, ['--label', 'plimsoll.test=decoy']);
  pause(decoy);
  return {
    names,
    network: mark,
    plan: {
      name: 'order',
      url: undefined,
      metrics: undefined,
      how: 'container',
      container: { label: `plimsoll.test=${mark}` },
    },
    state: async (name) => stateOfContainer(name),
    decoy: async () => stateOfContainer(decoy),
    async [Symbol.asyncDispose]() {
      for (const name of [...names, decoy]) {
        try {
          docker('rm', '-f', name);
        } catch {
          // It removed itself (--rm).
        }
      }
      docker('network', 'rm', mark);
      return Promise.resolve();
    },
  };
}

/** A busy machine may need another try: the kernel's freezer gives up on a process that is just starting threads. */
function pause(name: string): void {
  for (let tries = 1; ; tries++) {
    try {
      docker('pause', name);
      return;
    } catch (error) {
      if (tries === 5 || !String(error).includes('unable to freeze')) throw error;
    }
  }
}

export function docker(...args: string[]): string {
  return execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** What the container answers at an address, asked from inside another one. */
export function askFrom(container: string, url: string): string {
  return docker(
    'exec',
    container,
    'node',
    '-e',
    `fetch('${url}', { signal: AbortSignal.timeout(1000) }).then(async (a) => console.log(await a.text()), (e) => console.log('no answer'))`,
  );
}
