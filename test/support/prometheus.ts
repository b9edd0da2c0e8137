import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { createServer as createHttpServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { programOf } from './needs.js';

/** A page of metrics, changed by the test. */
export async function metricsPage(text: () => string): Promise<{ url: string; port: number } & AsyncDisposable> {
  const server = createHttpServer((_, answer) => {
    answer.setHeader('content-type', 'text/plain; version=0.0.4');
    answer.end(text());
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}/metrics`,
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** A real Prometheus that scrapes a page each second, in a folder of its own, and ends with the test. */
export async function startPrometheus(target: number): Promise<{ url: string } & AsyncDisposable> {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-prometheus-'));
  const port = await freePort();
  const config = join(folder, 'prometheus.yml');
  writeFileSync(
    config,
    `global: { scrape_interval: 1s }\nscrape_configs:\n  - job_name: shop\n    static_configs: [{ targets: ['127.0.0.1:${target}'] }]\n`,
  );
  const child = spawn(
    programOf('prometheus') ?? 'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const url = `http://127.0.0.1:${port}`;
  const isUp = async (): Promise<boolean> => {
    const answer = await fetch(`${url}/api/v1/query?query=up`).catch(() => undefined);
    const json = answer?.ok
      ? ((await answer.json()) as { data: { result: { value: [number, string] }[] } })
      : undefined;
    return json?.data.result[0]?.value[1] === '1';
  };
  for (let k = 0; k < 300 && child.exitCode === null && !(await isUp()); k++) await wait(100);
  return {
    url,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((done) => child.once('close', done));
      if (child.exitCode === null) {
        child.kill('SIGKILL');
        await ended;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((done) => server.close(done));
  return port;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}
