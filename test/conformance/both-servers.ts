import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { ApiClient } from '../proxy/support/api-client.js';
import { describeWith } from '../support/needs.js';
import { startEmbedded, startToxiproxy, type Running } from './servers.js';

export interface ServerUnderTest {
  api: ApiClient;
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
