import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { describeWith } from '../support/needs.js';
import { freePort, startRealToxiproxy, untilListening } from '../targets/toxiproxy-servers.js';
import { frontBackLink } from '../support/front-back.js';

const PHASES = { warmupMs: 0, baselineMs: 1300, faultMs: 8000, recoveryMs: 100 };

describeWith(['toxiproxy'], 'two runs at once on one real Toxiproxy', () => {
  it(
    'touch nothing of each other on different links; on the same one the second is refused',
    { timeout: 120_000, retry: 0 },
    async () => {
      await using server = await startRealToxiproxy();
      const folder = mkdtempSync(join(tmpdir(), 'plimsoll-two-'));
      const children: ChildProcess[] = [];
      try {
        const a = await startSystem(children);
        const b = await startSystem(children);
        const first = run(children, folder, scenario(server.api, a, 'latency'));
        await first.saw('event fault.proven');
        const second = run(children, folder, scenario(server.api, b, 'down'));
        const third = run(children, folder, scenario(server.api, a, 'timeout'));
        const fourth = run(children, folder, scenario(server.api, { ...b, link: await freePort() }, 'down', a.pid));
        expect(await third.ended, third.output()).toBe(2);
        expect(third.output()).toMatch(
          /^refused run_in_the_way: run \w{8} \(pid \d+: .*\) is at work on what listens on 127\.0\.0\.1:\d+.* Two runs must not break the same thing\. Wait for it, or end it with: kill -INT \d+$/m,
        );
        // Another link, and the same process under another name.
        expect(await fourth.ended, fourth.output()).toBe(2);
        expect(fourth.output()).toMatch(/is at work on pid \d+ \(.*\), which is victim here and back there/);
        for (const one of [first, second]) {
          await one.ended;
          expect(one.output()).toContain('event undo.proven');
          expect(one.output()).not.toMatch(/event (error|fault\.failed|undo\.failed)/);
        }
        expect(await (await fetch(`${server.api}/proxies`)).json()).toEqual({});
      } finally {
        for (const child of children) child.kill('SIGKILL');
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});

interface Ports {
  front: number;
  back: number;
  link: number;
  pid: number;
}

async function startSystem(children: ChildProcess[]): Promise<Ports> {
  const [front, back, link] = [await freePort(), await freePort(), await freePort()];
  const child = spawn(process.execPath, [resolve('test/e2e/services.js'), `${front}`, `${back}`, `${link}`], {
    stdio: 'ignore',
  });
  children.push(child);
  await Promise.all([front, back].map(untilListening));
  return { front, back, link, pid: child.pid ?? 0 };
}

function scenario(api: string, { front, back, link }: Ports, type: string, victim?: number): Record<string, unknown> {
  return {
    plimsoll: 1,
    name: 'two',
    description: 'One of two runs.',
    system: {
      toxiproxy: api,
      services: {
        front: { url: `http://127.0.0.1:${front}` },
        back: victim === undefined ? { process: { listening: `127.0.0.1:${back}` } } : {},
        ...(victim === undefined ? {} : { victim: { process: { pid: victim } } }),
      },
      links: {
        'front-back': frontBackLink({ link, back }),
      },
    },
    load: { rate: '20/s', deadline: '1s', requests: [{ name: 'home', service: 'front', path: '/' }] },
    phases: { warmup: '2s', baseline: '20s', fault: '20s', recovery: '2s' },
    faults: [{ type, link: 'front-back', ...(type === 'latency' ? { latency: '40ms' } : {}), proof: 'optional' }],
    slos: [{ name: 'up', indicator: 'availability', objective: '>= 1%', severity: 'info' }],
    stop: 'off',
  };
}

function run(children: ChildProcess[], folder: string, what: Record<string, unknown>) {
  const order = { scenario: what, runsRoot: join(folder, 'runs'), phases: PHASES, preflight: true };
  const child = spawn(process.execPath, [resolve('test/chaos/whole-run.js'), JSON.stringify(order)], {
    env: { ...process.env, XDG_STATE_HOME: join(folder, 'state') },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  return {
    ended: new Promise<number | string>((settle) =>
      child.once('close', (code, signal) => settle(code ?? signal ?? 'gone')),
    ),
    saw: async (line: string) =>
      expect.poll(() => lines.join('\n'), { timeout: 30_000, message: line }).toContain(line),
    output: () => lines.join('\n'),
  };
}
