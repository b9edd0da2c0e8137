import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { expect, it, onTestFinished } from 'vitest';
import { LINKS } from '../../examples/shop/src/shared/settings.js';
import { describeWith } from '../support/needs.js';

const Config = z.object({
  services: z.record(
    z.string(),
    z.object({
      image: z.string(),
      // `127.0.0.1:7080:7080/tcp` in version 1 of Compose, an object in version 2.
      ports: z.array(z.union([z.string(), z.object({ host_ip: z.string().optional() })])).default([]),
    }),
  ),
});

describeWith(['docker-compose'], 'docker-compose.yml', () => {
  it('is valid, and publishes every port on loopback', () => {
    const config = configOf('docker-compose.yml');
    expect(Object.keys(config.services).sort()).toEqual(
      ['broker', 'gateway', 'order-1', 'order-2', 'payment', 'prometheus', 'settlement', 'toxiproxy'].sort(),
    );
    expect(openPorts(config)).toEqual([]);
    expect(Object.values(config.services).flatMap(({ ports }) => ports).length).toBeGreaterThan(4);
  });

  it('would be caught with a port that is open to others', () => {
    const folder = mkdtempSync(join(tmpdir(), 'plimsoll-compose-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'docker-compose.yml');
    const text = readFileSync('docker-compose.yml', 'utf8');
    writeFileSync(file, text.replace("'127.0.0.1:8474:8474'", "'8474:8474'"));
    expect(openPorts(configOf(file))).toEqual([expect.stringMatching(/^toxiproxy: /)]);
    writeFileSync(file, text.replace('restart: always', 'restrat: always'));
    expect(() => configOf(file)).toThrow(/restrat/);
  });

  it('uses images that docker-images.js can make, and the one of its own Dockerfile', () => {
    const images = Object.values(configOf('docker-compose.yml').services).map(({ image }) => image);
    const from = /^FROM (\S+)$/m.exec(readFileSync('examples/shop/Dockerfile', 'utf8'))?.[1];
    const made = execFileSync(process.execPath, ['test/support/docker-images.js', '--list'], { encoding: 'utf8' });
    expect(new Set([...images, from])).toEqual(new Set([...made.trim().split('\n'), 'plimsoll-shop:local']));
  });

  it("has a proxy for each of the shop's links, on the link's ports", () => {
    const proxies = z
      .array(z.object({ name: z.string(), listen: z.string(), upstream: z.string(), enabled: z.literal(true) }))
      .parse(JSON.parse(readFileSync('examples/shop/compose/toxiproxy.json', 'utf8')));
    const port = (address: string): number => Number(address.split(':')[1]);
    expect(
      Object.fromEntries(
        proxies.map(({ name, listen, upstream }) => [name, { listen: port(listen), upstream: port(upstream) }]),
      ),
    ).toEqual(LINKS);
  });
});

function configOf(file: string): z.infer<typeof Config> {
  const output = execFileSync('docker-compose', ['-f', file, 'config'], { encoding: 'utf8', stdio: 'pipe' });
  return Config.parse(parse(output));
}

function openPorts({ services }: z.infer<typeof Config>): string[] {
  return Object.entries(services).flatMap(([name, { ports }]) =>
    ports
      .filter((port) => (typeof port === 'string' ? !port.startsWith('127.0.0.1:') : port.host_ip !== '127.0.0.1'))
      .map((port) => `${name}: ${typeof port === 'string' ? port : JSON.stringify(port)}`),
  );
}
