import { it } from 'vitest';
import { onBothServers } from './both-servers.js';
import { expectAllMessages, expectDataBeforeClose } from './streams.js';

onBothServers('changes while connections end, at full size', (server) => {
  it('delivers what was sent before the close, 1000 times', { timeout: 120_000 }, async () =>
    expectDataBeforeClose(server, 1000),
  );

  it('loses and reorders none of 65,535 messages while a latency comes and goes', { timeout: 120_000 }, async () =>
    expectAllMessages(server, 65_535),
  );
});
