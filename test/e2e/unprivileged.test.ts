import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import type { Finding } from '../../src/run/doctor.js';
import { frontBackScenario } from '../support/front-back.js';
import { describeWith } from '../support/needs.js';
import { freePort, untilListening } from '../targets/toxiproxy-servers.js';

const NOBODY = 65_534;
/** Another user, who may read our own files wherever they are, and nothing more. */
const AS_NOBODY = [
  `--reuid=${NOBODY}`,
  `--regid=${NOBODY}`,
  '--clear-groups',
  '--inh-caps=-all,+dac_read_search',
  '--ambient-caps=-all,+dac_read_search',
  '--bounding-set=-all,+dac_read_search',
];
const CLI = resolve('dist/cli.js');
const LIMIT = { timeout: 60_000 };

describeWith(['root'], 'a user without any rights', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'plimsoll-nobody-'));
    chownSync(folder, NOBODY, NOBODY);
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('learns from doctor what is possible, and why containers are not', LIMIT, async () => {
    const socket = join(folder, 'docker.sock');
    const engine = createServer().listen(socket);
    onTestFinished(() => void engine.close());
    await once(engine, 'listening');
    // As the engine's own: root's, and of a group that this user is not in.
    spawnSync('chmod', ['660', socket]);
    const { stdout, status } = asNobody([CLI, 'doctor', '--json'], { DOCKER_HOST: `unix://${socket}` });
    expect(status).toBe(0);
    const findings = new Map((JSON.parse(stdout) as Finding[]).map((finding) => [finding.fault, finding]));
    for (const possible of ['latency', 'process-kill', 'process-fd-limit', 'cpu-stress', 'disk-fill', 'command'])
      expect(findings.get(possible), possible).toMatchObject({ possible: true });
    expect(findings.get('process-kill')?.why).toBe('for processes of this user');
    expect(findings.get('container-pause')).toMatchObject({
      possible: false,
      why: expect.stringContaining('this user may not use the Docker socket'),
      mend: expect.stringContaining('usermod -aG docker'),
    });
  });

  it('is refused the processes of others by plan, however they are named', LIMIT, async () => {
    const port = await freePort();
    const program = `require('node:net').createServer().listen(${port}, '127.0.0.1') // one-of-root-${port}`;
    const others = spawn(process.execPath, ['-e', program], { stdio: 'ignore' });
    onTestFinished(() => void others.kill('SIGKILL'));
    await untilListening(port);
    const pidfile = join(folder, 'others.pid');
    writeFileSync(pidfile, `${others.pid}`);
    const ways: [string, RegExp][] = [
      [`{ listening: 127.0.0.1:${port} }`, /what listens on \S+ for order belongs to another user \(uid 0, .* 65534\)/],
      [`{ pid: ${others.pid} }`, /belongs to another user \(uid 0\); it is never a target/],
      [`{ pidfile: ${pidfile} }`, /belongs to another user \(uid 0\); it is never a target/],
      [`{ command: one-of-root-${port} }`, /no process of this user has "one-of-root-\d+" in its command line/],
    ];
    for (const [way, refusal] of ways) {
      const { status, stderr } = asNobody([CLI, 'plan', scenarioOn(way)]);
      expect(stderr, way).toMatch(refusal);
      expect(status, way).toBe(2);
    }
    // What nobody listens on is another matter.
    const { stderr } = asNobody([CLI, 'plan', scenarioOn(`{ listening: 127.0.0.1:${await freePort()} }`)]);
    expect(stderr).toContain('no process of order listens on');
  });

  it('breaks and mends what is its own: links, processes, the machine within bounds', LIMIT, async () => {
    const [front, back, link] = [await freePort(), await freePort(), await freePort()];
    const flag = join(folder, 'flag');
    const faults = [
      { type: 'latency', link: 'front-back', latency: '50ms' },
      { type: 'process-pause', service: 'idle' },
      { type: 'process-fd-limit', service: 'back', headroom: 100, allowAll: true },
      { type: 'cpu-stress', share: '5%' },
      { type: 'memory-stress', size: '16MB' },
      { type: 'disk-fill', size: '1MB', path: folder, allowRootDisk: true },
      { type: 'command', inject: `touch ${flag}`, undo: `rm -f ${flag}`, prove: `test -e ${flag}` },
    ];
    const scenario = frontBackScenario(
      { front, back, link },
      {
        name: 'nobody',
        description: 'It needs no rights.',
        services: {
          back: { process: { listening: `127.0.0.1:${back}` } },
          idle: { process: { run: 'sleep 1000', replicas: 2 } },
        },
        faults,
      },
    );
    const phases = { warmupMs: 0, baselineMs: 1300, faultMs: 1000, recoveryMs: 100 };
    const order = JSON.stringify({ scenario, runsRoot: join(folder, 'runs'), phases });
    const { stdout, stderr } = asNobody([resolve('test/chaos/whole-run.js'), order]);
    const count = (type: string): number => stdout.split('\n').filter((line) => line === `event ${type}`).length;
    expect(count('fault.proven'), stdout + stderr).toBe(faults.length);
    expect(count('undo.proven'), stdout + stderr).toBe(faults.length);
    expect(stdout).not.toMatch(/event (fault|undo)\.failed/);
    expect(stdout).not.toContain('warning undo_owed');
  });

  function asNobody(argv: string[], environment: Record<string, string> = {}) {
    return spawnSync('setpriv', [...AS_NOBODY, process.execPath, ...argv], {
      encoding: 'utf8',
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        TMPDIR: folder,
        XDG_STATE_HOME: join(folder, 'state'),
        NO_COLOR: '1',
        ...environment,
      },
    });
  }

  function scenarioOn(way: string): string {
    const file = join(folder, 'others.yaml');
    writeFileSync(
      file,
      `plimsoll: 1
name: others
system:
  ready: http://127.0.0.1:9/readyz
  services:
    order: { url: http://127.0.0.1:9, process: ${way} }
load: { rate: 20/s, deadline: 1s, requests: [{ name: home, service: order, path: / }] }
phases: { warmup: 2s, baseline: 20s, fault: 20s, recovery: 2s }
faults: [{ type: process-pause, service: order, allowAll: true }]
slos: [{ name: up, indicator: availability, objective: '>= 99%' }]
`,
    );
    return file;
  }
});
