import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Random } from '../../src/support/random.js';
import { fdLimitOf } from '../../src/targets/fd-limit.js';
import { allPids, identityOf, statOf } from '../../src/targets/process.js';
import { firstUnreachable } from '../../src/targets/reachable.js';
import { connectToxiproxy } from '../../src/targets/toxiproxy-client.js';
import { startContainers, type Containers } from '../docker/containers.js';
import { freePort, startRealToxiproxy, untilListening, type TestServer } from '../targets/toxiproxy-servers.js';
import { frontBackLink } from '../support/front-back.js';

const SERVICES = resolve('test/e2e/services.js');
const LISTENER = resolve('test/chaos/listener.js');

/** What one run may break, beside what it must not touch. Several lanes work side by side, each with all of its own. */
export interface Lane extends AsyncDisposable {
  /** In the environment of all that a run of this lane starts. */
  mark: { name: string; value: string };
  folder: string;
  /** A scenario with up to three faults, by chance. */
  scenario(chance: Random): Record<string, unknown>;
  /** In words, each fault that is still there. */
  faultsLeft(): Promise<string[]>;
  /** Living processes that a run of this lane has started. */
  partsLeft(): number[];
  /** Everything about the strangers that a fault or an undo could change. */
  strangers(): Promise<unknown>;
}

/**
 * @param options.real links on a real Toxiproxy that stays, with services that stay; else on the embedded proxy, with a
 *   system that the run starts.
 * @param options.docker with containers among the targets
 */
export async function openLane(options: { real: boolean; docker: boolean; number: number }): Promise<Lane> {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-lane-'));
  const mark = { name: 'PLIMSOLL_CHAOS_LANE', value: `${process.pid}-${options.number}-${Date.now()}` };
  const [front, back, link, listening] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const flag = join(folder, 'broken-by-command');
  const children: ChildProcess[] = [];
  const idle = (): ChildProcess => {
    const child = spawn('sleep', ['100000'], { stdio: 'ignore' });
    children.push(child);
    return child;
  };
  const [paused, limited, stranger, limitedStranger] = [idle(), idle(), idle(), idle()];
  stranger.kill('SIGSTOP');
  // Helpers have a bare environment: they are known by a share that nobody else asks for.
  const stressPercent = 5.01 + options.number / 100;
  const limitBefore = fdLimitOf(mustBe(limited.pid));
  const services = ['node', SERVICES, front, back, link].join(' ');
  let server: TestServer | undefined;
  let containers: Containers | undefined;
  if (options.real) {
    server = await startRealToxiproxy();
    const [program, ...args] = services.split(' ');
    children.push(spawn(program!, args, { stdio: 'ignore' }));
    startListener(listening);
    await Promise.all([front, back, listening].map(untilListening));
    const client = connectToxiproxy(server.api);
    // One lane of two finds its proxy there, the other one makes it.
    if (options.number % 2 === 0) {
      const made = await client.createProxy({
        name: 'link',
        listen: `127.0.0.1:${link}`,
        upstream: `127.0.0.1:${back}`,
      });
      await made.addToxic({
        name: 'decoy',
        type: 'latency',
        stream: 'upstream',
        toxicity: 1,
        attributes: { latency: 1, jitter: 0 },
      });
    }
    await client.createProxy({ name: 'plimsoll', listen: '127.0.0.1:0', upstream: `127.0.0.1:${back}` });
  }
  if (options.docker) containers = await startContainers(2);
  const proxies = async (): Promise<unknown> => {
    if (!server) return {};
    const { data } = await connectToxiproxy(server.api).api.get<unknown>(`${server.api}/proxies`);
    return data;
  };
  const proxiesBefore = JSON.stringify(await proxies());

  return {
    mark,
    folder,
    scenario(chance) {
      const candidates: Record<string, unknown>[][] = [
        [
          { type: 'latency', link: 'front-back', latency: '40ms' },
          { type: 'down', link: 'front-back' },
          { type: 'timeout', link: 'front-back' },
        ],
        [{ type: 'process-pause', service: 'paused', allowAll: true }],
        [{ type: 'process-fd-limit', service: 'limited', limit: 77, allowAll: true }],
        [{ type: 'cpu-stress', share: `${stressPercent}%` }],
        [
          {
            type: 'command',
            // Still at work when its run is killed, in one of two cases.
            inject: `sh -c "sleep 0.${chance.int(4)}; touch ${flag}"`,
            undo: `rm -f ${flag}`,
            prove: `test -e ${flag}`,
          },
        ],
        ...(options.real
          ? [
              [
                {
                  type: 'process-kill',
                  service: 'listening',
                  allowAll: true,
                  restart: `node ${LISTENER} start ${listening}`,
                },
              ],
            ]
          : []),
      ];
      const chosen = chance.pick(candidates, 1 + chance.int(3));
      if (options.docker) {
        chosen[0] = [
          { type: 'container-pause', service: 'box' },
          { type: 'container-disconnect', service: 'box' },
          { type: 'container-kill', service: 'box', startAfter: '300s' },
          { type: 'container-stop', service: 'box', startAfter: '300s', graceful: '2s' },
        ];
      }
      const pid = (child: ChildProcess) => ({ process: { pid: child.pid } });
      return {
        plimsoll: 1,
        name: 'lane',
        description: 'Nothing is left, whoever dies when.',
        system: {
          ...(options.real ? { toxiproxy: server?.api } : { start: services }),
          ready: `http://127.0.0.1:${front}/readyz`,
          services: {
            front: { url: `http://127.0.0.1:${front}` },
            back: {},
            paused: pid(paused),
            limited: pid(limited),
            ...(options.real ? { listening: { process: { listening: `127.0.0.1:${listening}` } } } : {}),
            ...(containers && containers.plan.how === 'container'
              ? { box: { container: containers.plan.container } }
              : {}),
          },
          links: {
            'front-back': frontBackLink({ link, back }),
          },
        },
        load: { rate: '20/s', deadline: '1s', requests: [{ name: 'home', service: 'front', path: '/' }] },
        phases: { warmup: '2s', baseline: '20s', fault: '20s', recovery: '2s' },
        faults: chosen.map((kinds) => ({ proof: 'optional', ...kinds[chance.int(kinds.length)] })),
        slos: [{ name: 'up', indicator: 'availability', objective: '>= 1%', severity: 'info' }],
        stop: 'off',
        seed: 1 + chance.int(1000),
      };
    },
    async faultsLeft() {
      const left: string[] = [];
      const now = JSON.stringify(await proxies());
      if (now !== proxiesBefore) left.push(`proxies: ${now}`);
      if (statOf(paused.pid ?? 0)?.state !== 'S') left.push(`paused: ${statOf(paused.pid ?? 0)?.state}`);
      const limit = fdLimitOf(mustBe(limited.pid));
      if (limit?.soft !== limitBefore?.soft) left.push(`limited: ${limit?.soft}`);
      if (existsSync(flag)) left.push('what the command did');
      if (allPids().some((pid) => isStress(pid, stressPercent))) left.push('cpu-stress');
      if (options.real && (await firstUnreachable([`127.0.0.1:${listening}`], 500)) !== undefined)
        left.push('the killed process is not back');
      for (const name of containers?.names ?? []) {
        const state = await containers?.state(name);
        if (state?.running !== true || state.paused)
          left.push(`${name} runs: ${state?.running}, paused: ${state?.paused}`);
        if (!state?.networks.some((network) => network.name === containers?.network)) left.push(`${name} is cut off`);
      }
      return left;
    },
    partsLeft: () => marked(mark).filter((pid) => pid !== process.pid),
    async strangers() {
      return {
        stranger: { ...identityOf(stranger.pid ?? 0), state: statOf(stranger.pid ?? 0)?.state },
        limitedStranger: { ...identityOf(limitedStranger.pid ?? 0), limit: fdLimitOf(mustBe(limitedStranger.pid)) },
        victims: [identityOf(paused.pid ?? 0), identityOf(limited.pid ?? 0)],
        proxies: await proxies(),
        container: await containers?.decoy(),
      };
    },
    async [Symbol.asyncDispose]() {
      for (const child of children) child.kill('SIGKILL');
      if (options.real) await stopListener(listening);
      await server?.[Symbol.asyncDispose]();
      await containers?.[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };

  function startListener(port: number): void {
    spawn(process.execPath, [LISTENER, 'serve', String(port)], { detached: true, stdio: 'ignore' }).unref();
  }
}

async function stopListener(port: number): Promise<void> {
  await fetch(`http://127.0.0.1:${port}/end`, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
}

function mustBe(pid: number | undefined) {
  const identity = identityOf(pid ?? 0);
  if (!identity) throw new Error(`no process ${pid}`);
  return identity;
}

function marked({ name, value }: Lane['mark']): number[] {
  return allPids()
    .filter((pid) => read(`/proc/${pid}/environ`).split('\0').includes(`${name}=${value}`))
    .filter((pid) => identityOf(pid) !== undefined);
}

function isStress(pid: number, percent: number): boolean {
  const line = read(`/proc/${pid}/cmdline`);
  const share = Number(/"share":([\d.]+)/.exec(line)?.[1]);
  return line.includes('stress-process.js') && Math.abs(share - percent / 100) < 1e-6 && identityOf(pid) !== undefined;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
