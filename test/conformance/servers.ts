import { spawn } from 'node:child_process';
import { startProxyServer } from '../../src/proxy/index.js';
import { ApiClient } from '../proxy/support/api-client.js';
import { freePort, sleep } from '../proxy/support/peers.js';
import { programOf } from '../support/needs.js';

export interface Running {
  url: string;
  stop(): Promise<void>;
}

export async function startEmbedded(): Promise<Running> {
  const server = await startProxyServer({ port: 0, seed: 1, proxyMetrics: true });
  return { url: server.url, stop: async () => server.close() };
}

/** The real one, as a process of its own. */
export async function startToxiproxy(...flags: string[]): Promise<Running> {
  const port = await freePort();
  const program = programOf('toxiproxy') ?? 'toxiproxy-server';
  const child = spawn(program, ['-host', '127.0.0.1', '-port', String(port), '-proxy-metrics', ...flags], {
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; ; attempt += 1) {
    try {
      await new ApiClient(url).get('/version');
      break;
    } catch (error) {
      if (attempt === 500) throw error;
      await sleep(10);
    }
  }
  return {
    url,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = new Promise((resolve) => {
        child.once('exit', resolve);
      });
      child.kill('SIGTERM');
      await exited;
    },
  };
}
