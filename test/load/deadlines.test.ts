import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DeadlineQueue, Deadlines, type Expiring } from '../../src/load/deadlines.js';

const item = (deadlineAtUs: number): Expiring => ({ deadlineAtUs, earlier: undefined, later: undefined });

describe('deadlines', () => {
  test('a queue gives items in the order of their deadlines, whatever was taken out', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(100), fc.boolean())), (entries) => {
        const queue = new DeadlineQueue<Expiring>();
        const items = entries.map(([at, stays]) => ({ ...item(at), stays }));
        for (const one of items) queue.add(one);
        for (const one of items) if (!one.stays) queue.remove(one);
        // Taking out twice does nothing.
        for (const one of items) if (!one.stays) queue.remove(one);
        const left: number[] = [];
        for (let first = queue.first; first; first = queue.first) {
          left.push(first.deadlineAtUs);
          queue.remove(first);
        }
        const expected = items.filter(({ stays }) => stays).map(({ deadlineAtUs }) => deadlineAtUs);
        expect(left).toEqual(expected.sort((a, b) => a - b));
      }),
    );
  });

  test('expire by the clock, of each length on their own, and never before their time', async () => {
    const startMs = performance.now();
    const nowUs = (): number => (performance.now() - startMs) * 1000;
    const expired: [number, number][] = [];
    const deadlines = new Deadlines<Expiring>(nowUs, ({ deadlineAtUs }) => expired.push([deadlineAtUs, nowUs()]));
    deadlines.add(item(120_000), 100_000);
    deadlines.add(item(30_000), 30_000);
    const ended = item(60_000);
    deadlines.add(ended, 30_000);
    deadlines.remove(ended, 30_000);
    expect(deadlines.items().map(({ deadlineAtUs }) => deadlineAtUs)).toEqual([120_000, 30_000]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(expired.map(([at]) => at)).toEqual([30_000, 120_000]);
    for (const [at, wasUs] of expired) expect(wasUs).toBeGreaterThanOrEqual(at);
    expect(deadlines.items()).toEqual([]);
    deadlines.dispose();
  });
});
