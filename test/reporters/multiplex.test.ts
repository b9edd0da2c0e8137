import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/record/events.js';
import { multiplex } from '../../src/reporters/multiplex.js';
import { sampleResult } from '../support/sample-result.js';

const event: RunEvent = { v: 1, seq: 1, t: 0, type: 'warning', code: 'x', message: 'y' };

describe('many reporters as one', () => {
  it('goes on when one throws or rejects, and says so once per hook', async () => {
    const told: string[] = [];
    const heard: string[] = [];
    const all = multiplex(
      [
        {
          name: 'broken',
          reporter: {
            onEvent() {
              throw new Error('no room');
            },
            onEnd: () => Promise.reject(new Error('disk full')),
          },
        },
        {
          name: 'sound',
          reporter: {
            onEvent: ({ type }) => void heard.push(type),
            onEnd: async ({ verdict }) => void heard.push(verdict),
          },
        },
      ],
      (text) => told.push(text),
    );
    all.onEvent(event);
    all.onEvent(event);
    await all.onEnd(sampleResult());
    expect(heard).toEqual(['warning', 'warning', 'passed']);
    expect(told).toEqual([
      'warning[reporter_failed] reporter broken failed in onEvent: no room; the run goes on',
      'warning[reporter_failed] reporter broken failed in onEnd: disk full; the run goes on',
    ]);
  });

  it('hands notices to the reporters that take them, and only else to the caller', () => {
    const told: string[] = [];
    const notices: string[] = [];
    const all = multiplex([{ name: 'display', reporter: { onNotice: (text) => void notices.push(text) } }], (text) =>
      told.push(text),
    );
    all.onNotice('hello');
    expect(notices).toEqual(['hello']);
    expect(told).toEqual([]);
  });

  it('ends reporters one after another', async () => {
    const order: string[] = [];
    const slow = (name: string, ms: number) => ({
      name,
      reporter: {
        async onEnd() {
          order.push(`${name} begins`);
          await new Promise((resolve) => setTimeout(resolve, ms));
          order.push(`${name} ends`);
        },
      },
    });
    await multiplex([slow('a', 20), slow('b', 0)], () => undefined).onEnd(sampleResult());
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  });
});
