import { it } from 'vitest';
import { startProxyServer } from '../../src/proxy/index.js';
import { ApiClient } from './support/api-client.js';
import { expectFloodServed } from './support/flood.js';

it('3000 clients at once are served, and all are forgotten', { timeout: 300_000 }, async () => {
  const server = await startProxyServer({ port: 0, seed: 1 });
  await expectFloodServed(new ApiClient(server.url), 3000);
  await server.close();
});
