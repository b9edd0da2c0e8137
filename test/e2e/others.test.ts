import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import { describeWith, programOf } from '../support/needs.js';
import { Bench, until } from './harness.js';

describeWith(['nginx', 'redis'], 'services that nobody here wrote: nginx, a plain Node.js server, Redis', () => {
  it('are broken on two links, proven, and put back', { timeout: 120_000, retry: 2 }, async () => {
    await using bench = await Bench.open();
    await using more = await Bench.open();
    const { front: nginxPort, back: nodePort, link: nginxLink, proxy: proxyPort } = bench.ports;
    const { back: redisPort, link: redisLink } = more.ports;
    bench.plimsoll('proxy', '-port', String(proxyPort));
    bench.spawn(programOf('redis') ?? '', [
      '--port',
      String(redisPort),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--dir',
      bench.folder,
    ]);
    bench.spawn('node', [resolve('test/e2e/redis-user.js'), String(nodePort), String(redisLink)]);
    startNginx(bench, nginxPort, nginxLink);

    const scenario = `plimsoll: 1
name: bench
description: The page stays usable while Redis and the link to the application are slow.
system:
  toxiproxy: http://127.0.0.1:${proxyPort}
  services: { nginx: { url: http://127.0.0.1:${nginxPort} }, app: {}, redis: {} }
  links:
    nginx-app: { from: nginx, to: app, listen: 127.0.0.1:${nginxLink}, upstream: 127.0.0.1:${nodePort}, protocol: http, canary: { path: / } }
    app-redis: { from: app, to: redis, listen: 127.0.0.1:${redisLink}, upstream: 127.0.0.1:${redisPort}, protocol: redis }
load:
  rate: 40/s
  deadline: 2s
  requests: [{ name: page, service: nginx, path: / }]
phases: { warmup: 3s, baseline: 20s, fault: 20s, recovery: 10s }
faults:
  - { type: latency, link: app-redis, latency: 80ms }
  - { type: latency, link: nginx-app, latency: 40ms, at: 5s, for: 10s }
slos:
  - { name: availability, indicator: availability, objective: '>= 99%' }
  - { name: quick, indicator: latency under 900ms, objective: '>= 95%', recoverWithin: 5s }
`;
    const file = join(bench.folder, 'others.yaml');
    writeFileSync(file, scenario);
    const api = `http://127.0.0.1:${proxyPort}/version`;
    expect(
      await until(
        async () =>
          fetch(api).then(
            () => true,
            () => false,
          ),
        10_000,
      ),
    ).toBeDefined();
    const run = bench.plimsoll('run', file);
    expect(await run.ended, run.stdout + run.stderr).toBe(0);
    expect(run.result.faults.map(({ proof, undoProof }) => [proof?.status, undoProof?.status])).toEqual([
      ['confirmed', 'confirmed'],
      ['confirmed', 'confirmed'],
    ]);
    const fault = run.result.distribution.find(({ window }) => window === 'fault');
    const median = fault?.allS[fault.quantiles.indexOf(0.5)] ?? 0;
    expect(median).toBeGreaterThan(0.08);
  });
});

function startNginx(bench: Bench, port: number, upstream: number): void {
  const folder = join(bench.folder, 'nginx');
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; worker_processes 1;
events { worker_connections 256; }
http {
  access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${upstream}; } }
}
`,
  );
  bench.spawn(programOf('nginx') ?? '', ['-c', join(folder, 'nginx.conf')]);
}
