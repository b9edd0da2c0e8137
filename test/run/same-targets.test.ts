import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { selectorsOf, sharedTargets, type Selector } from '../../src/run/same-targets.js';
import { startContainers } from '../docker/containers.js';
import { describeWith } from '../support/needs.js';
import { startReplicas } from '../faults/replicas.js';

describe.skipIf(process.platform !== 'linux')('one process that two runs find in different ways', () => {
  it('is one target: by pid, pidfile, port or command line', async () => {
    await using order = await startReplicas(2);
    const folder = mkdtempSync(join(tmpdir(), 'plimsoll-same-'));
    try {
      const [first = 0, second = 0] = order.pids();
      const file = join(folder, 'pid');
      writeFileSync(file, `${first}\n`);
      if (order.plan.how !== 'listening') throw new Error('not by port');
      const [address = '', otherAddress = ''] = order.plan.addresses;
      const ways: Selector[] = [
        { how: 'pid', service: 'by pid', pid: first },
        { how: 'pidfile', service: 'by pidfile', file },
        { how: 'listening', service: 'by port', addresses: [address] },
      ];
      for (const one of ways) {
        for (const other of ways)
          expect(await sharedTargets([one], [other]), `${one.how} and ${other.how}`).toEqual([
            expect.stringMatching(
              new RegExp(`^pid ${first} \\(.*\\), which is ${one.service} here and ${other.service} there$`),
            ),
          ]);
        expect(await sharedTargets([one], [{ how: 'pid', service: 'other', pid: second }])).toEqual([]);
        expect(await sharedTargets([one], [{ how: 'listening', service: 'other', addresses: [otherAddress] }])).toEqual(
          [],
        );
        // Nobody is there: nothing is shared, and nothing is thrown.
        expect(await sharedTargets([one], [{ how: 'pidfile', service: 'gone', file: join(folder, 'none') }])).toEqual(
          [],
        );
      }
      expect(await sharedTargets(ways, selectorsOf([order.plan]))).toHaveLength(1);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describeWith(['docker'], 'one container that two runs find in different ways', () => {
  it('is one target: by name, id or label', async () => {
    await using boxes = await startContainers(2);
    const byName = (name: string): Selector => ({ how: 'container', service: 'named', container: { name } });
    const id = (await boxes.state(boxes.names[0]!))?.id ?? '';
    expect(await sharedTargets([byName(boxes.names[0]!)], selectorsOf([boxes.plan]))).toEqual([
      `container ${boxes.names[0]}, which is named here and order there`,
    ]);
    expect(await sharedTargets([byName(boxes.names[0]!)], [byName(id)])).toHaveLength(1);
    expect(await sharedTargets([byName(boxes.names[0]!)], [byName(boxes.names[1]!)])).toEqual([]);
  });
});
