import { spawn } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { startProxyServer } from '../../src/proxy/index.js';
import { ApiClient } from '../proxy/support/api-client.js';
import { freePort, sleep } from '../proxy/support/peers.js';
import { describeWith, programOf } from '../support/needs.js';

export interface ServerUnderTest {
  api: ApiClient;
}

interface Running {
  url: string;
  stop(): Promise<void>;
}

/**
 * The same cases for the embedded server and for the real Toxiproxy: what a case expects, both must do. All proxies are
 * deleted after each case.
 */
export function onBothServers(subject: string, cases: (server: ServerUnderTest) => void): void {
  describe(`embedded: ${subject}`, () => runCases(startEmbedded, cases));
  describeWith(['toxiproxy'], `Toxiproxy: ${subject}`, () => runCases(startToxiproxy, cases));
}

function runCases(start: () => Promise<Running>, cases: (server: ServerUnderTest) => void): void {
  const server = { api: new ApiClient('http://127.0.0.1:1') };
  let running: Running | undefined;
  beforeAll(async () => {
    running = await start();
    server.api = new ApiClient(running.url);
  });
  afterEach(async () => {
    for (const name of Object.keys((await server.api.get('/proxies')).json() as object)) {
      await server.api.delete(`/proxies/${encodeURIComponent(name)}`);
    }
  });
  afterAll(async () => running?.stop());
  cases(server);
}

async function startEmbedded(): Promise<Running> {
  const server = await startProxyServer({ port: 0, seed: 1, proxyMetrics: true });
  return { url: server.url, stop: async () => server.close() };
}

async function startToxiproxy(): Promise<Running> {
  const port = await freePort();
  const program = programOf('toxiproxy') ?? 'toxiproxy-server';
  const child = spawn(program, ['-host', '127.0.0.1', '-port', String(port), '-proxy-metrics'], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; ; attempt += 1) {
    try {
      await new ApiClient(url).get('/version');
      break;
    } catch (error) {
      if (attempt === 100) throw error;
      await sleep(50);
    }
  }
  return {
    url,
    stop: async () => {
      const exited = new Promise((resolve) => {
        child.once('exit', resolve);
      });
      child.kill('SIGTERM');
      await exited;
    },
  };
}
