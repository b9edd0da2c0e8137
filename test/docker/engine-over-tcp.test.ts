import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { describeWith } from '../support/needs.js';
import { freePort } from '../targets/toxiproxy-servers.js';
import { makeAuthority } from './authority.js';
import { startContainers, type Containers } from './containers.js';
import { relayEngine } from './engine-hosts.js';

const HURT = fileURLToPath(new URL('./hurt-and-heal.js', import.meta.url));
const FAULTS: [string, Record<string, unknown>][] = [
  ['container-pause', {}],
  ['container-disconnect', {}],
  // Its output comes as a stream, over the same connection.
  ['container-exec', { inject: 'mkdir /tmp/hurt', prove: 'ls /tmp/hurt', undo: 'sh -c "rm -rf /tmp/hurt"' }],
];

// A dockerd that speaks TLS itself is in engine-tls.long.test.ts.
describeWith(['docker'], 'a Docker Engine over TCP', () => {
  it('is named by DOCKER_HOST=tcp://…, and hurts and heals as over its socket', { timeout: 90_000 }, async () => {
    await using order = await startContainers(1);
    const decoy = await order.decoy();
    const port = await freePort();
    await using _relay = await relayEngine({ listen: port });
    const host = { DOCKER_HOST: `tcp://127.0.0.1:${port}` };
    for (const [type, settings] of FAULTS) expect(await hurt(order, type, settings, host)).toBe(healed(type));
    expect(await order.decoy()).toEqual(decoy);
    expect(await hurt(order, 'container-pause', {}, { DOCKER_HOST: `tcp://127.0.0.1:${await freePort()}` })).toMatch(
      /^engine_unavailable: .*the Docker Engine is not running at DOCKER_HOST=tcp:/,
    );
  });

  it(
    'asks for certificates with DOCKER_TLS_VERIFY, and is told in words what is wrong',
    { timeout: 90_000 },
    async () => {
      await using order = await startContainers(1);
      const folder = mkdtempSync(join(tmpdir(), 'plimsoll-tls-'));
      try {
        for (const name of ['good', 'other']) makeAuthority(folder, name);
        const good = join(folder, 'good');
        const port = await freePort();
        await using _relay = await relayEngine({
          listen: port,
          tls: { key: `${good}/server-key.pem`, cert: `${good}/server.pem`, ca: `${good}/ca.pem` },
        });
        const https = { DOCKER_HOST: `tcp://127.0.0.1:${port}`, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: good };
        for (const [type, settings] of FAULTS) expect(await hurt(order, type, settings, https)).toBe(healed(type));
        expect(await hurt(order, 'container-pause', {}, { ...https, DOCKER_CERT_PATH: join(folder, 'other') })).toMatch(
          /^engine_unavailable: .*certificate is not signed by the ca.pem in DOCKER_CERT_PATH/,
        );
        expect(await hurt(order, 'container-pause', {}, { ...https, DOCKER_TLS_VERIFY: '' })).toMatch(
          /^engine_unavailable: .*(hang up|ECONNRESET|TLS)/,
        );
        expect((await order.state(order.names[0] ?? ''))?.paused).toBe(false);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});

function healed(type: string): string {
  return `${type}: confirmed, 0 undo records failed, confirmed`;
}

/** In a process of its own: which engine is asked is settled by the environment when the first question is put. */
async function hurt(
  order: Containers,
  type: string,
  settings: Record<string, unknown>,
  environment: Record<string, string>,
): Promise<string> {
  const label = 'container' in order.plan && 'label' in order.plan.container ? order.plan.container.label : '';
  const { stdout } = await promisify(execFile)(process.execPath, [HURT, label, type, JSON.stringify(settings)], {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
  });
  return stdout.trim();
}
