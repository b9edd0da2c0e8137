import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { describeWith } from '../support/needs.js';
import { freePort, untilListening } from '../targets/toxiproxy-servers.js';
import { makeAuthority } from './authority.js';

const ASK = fileURLToPath(new URL('./ask-engine.js', import.meta.url));

describeWith(['docker', 'root'], 'a Docker Engine behind TCP and TLS, as DOCKER_HOST names it', () => {
  it('is asked with its certificates, and says in words what is wrong with them', { timeout: 180_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'plimsoll-tls-'));
    const [tls, plain, nobody] = [await freePort(), await freePort(), await freePort()];
    makeAuthority(folder, 'good');
    makeAuthority(folder, 'other');
    mkdirSync(join(folder, 'empty'));
    const good = join(folder, 'good');
    const engine = spawn(
      'dockerd',
      [
        `--data-root=${folder}/data`,
        `--exec-root=${folder}/exec`,
        `--pidfile=${folder}/pid`,
        '--bridge=none',
        '--iptables=false',
        `--host=tcp://127.0.0.1:${tls}`,
        '--tlsverify',
        `--tlscacert=${good}/ca.pem`,
        `--tlscert=${good}/server.pem`,
        `--tlskey=${good}/server-key.pem`,
      ],
      { stdio: 'ignore' },
    );
    const ended = new Promise((resolve) => engine.once('exit', resolve));
    try {
      await untilListening(tls);
      const https = { DOCKER_HOST: `tcp://127.0.0.1:${tls}`, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: good };
      await expect.poll(() => ask(https), { timeout: 30_000, interval: 500 }).toMatch(/^version \d+\./);
      expect(ask(https, 'missing')).toBe('there is none');

      expect(ask({ ...https, DOCKER_CERT_PATH: join(folder, 'other') })).toContain(
        'certificate is not signed by the ca.pem in DOCKER_CERT_PATH',
      );
      expect(ask({ ...https, DOCKER_CERT_PATH: join(folder, 'empty') })).toContain(
        `${folder}/empty/ca.pem is missing, which DOCKER_TLS_VERIFY and DOCKER_CERT_PATH ask for`,
      );
      // Known authority, but our own certificate is of another one.
      for (const file of ['cert.pem', 'key.pem'])
        execFileSync('cp', [join(folder, 'other', file), join(folder, 'empty', file)]);
      execFileSync('cp', [join(good, 'ca.pem'), join(folder, 'empty', 'ca.pem')]);
      expect(ask({ ...https, DOCKER_CERT_PATH: join(folder, 'empty') })).toMatch(
        /^failed: .*(TLS handshake failed|signed by the engine's own authority|ECONNRESET|hang up)/,
      );
      expect(ask({ ...https, DOCKER_HOST: `tcp://127.0.0.1:${nobody}` })).toContain(
        `the Docker Engine is not running at DOCKER_HOST=tcp://127.0.0.1:${nobody}`,
      );
      // TLS against a server that speaks plain HTTP.
      const http = spawn(process.execPath, ['-e', `require('node:http').createServer().listen(${plain}, '127.0.0.1')`]);
      await untilListening(plain);
      expect(ask({ ...https, DOCKER_HOST: `tcp://127.0.0.1:${plain}` })).toMatch(
        /one side speaks TLS and the other does not|TLS handshake failed|hang up/,
      );
      http.kill('SIGKILL');
    } finally {
      engine.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** What a process of its own, with this environment, gets from the engine. */
function ask(environment: Record<string, string>, container = ''): string {
  return execFileSync(process.execPath, [ASK, container], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', ...environment },
  }).trim();
}
