import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * In `<folder>/<name>`: an authority (ca.pem), a server's certificate for 127.0.0.1 (server.pem, server-key.pem), and a
 * client's (cert.pem, key.pem), named as DOCKER_CERT_PATH wants them.
 */
export function makeAuthority(folder: string, name: string): void {
  const here = join(folder, name);
  mkdirSync(here);
  const openssl = (...args: string[]) => void execFileSync('openssl', args, { cwd: here, stdio: 'ignore' });
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    'ca-key.pem',
    '-out',
    'ca.pem',
  );
  writeFileSync(join(here, 'server.ext'), 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n');
  writeFileSync(join(here, 'client.ext'), 'extendedKeyUsage=clientAuth\n');
  for (const [who, certificate, key] of [
    ['server', 'server.pem', 'server-key.pem'],
    ['client', 'cert.pem', 'key.pem'],
  ] as const) {
    openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${who}`, '-keyout', key, '-out', `${who}.csr`);
    openssl(
      'x509',
      '-req',
      '-in',
      `${who}.csr`,
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca-key.pem',
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      `${who}.ext`,
      '-out',
      certificate,
    );
  }
}
