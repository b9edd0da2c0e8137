import { expect, it } from 'vitest';
import { docker, startContainers } from '../docker/containers.js';
import { describeWith } from '../support/needs.js';
import { inject, prepare, serviceTargets, undo } from './stage.js';

describeWith(['docker'], 'a network that is removed while a container is cut off from it', () => {
  it('fails the undo, since the container stays cut off; without the container nothing is owed', async () => {
    await using order = await startContainers(1);
    const [name = ''] = order.names;
    const given = { service: 'order', allowAll: true };
    const fault = await prepare('container-disconnect', given, serviceTargets([order.plan]));
    expect(await inject(fault)).toMatchObject({ status: 'confirmed' });
    // The decoy holds the network too: an engine removes none that is in use.
    docker('rm', '-f', `${order.network}-decoy`);
    docker('network', 'rm', order.network);
    try {
      await expect(undo(fault)).rejects.toThrow(/network [0-9a-f]{12} is not there any more/);
      docker('rm', '-f', name);
      expect(await undo(fault)).toMatchObject({ status: 'mismatch' });
    } finally {
      docker('network', 'create', order.network); // For the one that tidies up.
    }
  }, 60_000);
});
