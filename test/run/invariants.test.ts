import { describe, expect, it } from 'vitest';
import { checkInvariant } from '../../src/run/invariants.js';

const check = async (script: string, equals?: Record<string, unknown>, timeLimitMs = 10_000) =>
  checkInvariant(
    { name: 'nothing lost', command: `node -e ${JSON.stringify(script)}`, equals, timeLimitMs, location: undefined },
    { cwd: '.', env: {}, signal: new AbortController().signal },
  );

describe('an invariant', () => {
  it('holds when the last line of the output has the values', async () => {
    expect(
      await check(`console.log("chat");console.log('{"lost":0,"deep":{"n":1}}')`, { lost: 0, 'deep.n': 1 }),
    ).toMatchObject({
      held: true,
      found: 'lost: 0, deep.n: 1',
    });
  });

  it.each([
    ['another value', `console.log('{"lost":2}')`, /lost is 2, expected 0/],
    ['a missing value', `console.log('{}')`, /lost is missing/],
    ['an inherited name', `console.log('{"a":1}')`, /lost is missing/],
    ['no JSON', `console.log("fine")`, /not JSON/],
    ['a command that fails', `process.exit(3)`, /failed/],
    ['a command that hangs', `setTimeout(()=>{},60000)`, /failed/],
  ])('is violated by %s', async (_, script, sentence) => {
    const checked = await check(script, { lost: 0 }, 1500);
    expect(checked.held).toBe(false);
    expect(checked.message).toMatch(sentence);
  });

  it('without values needs exit 0 and no more', async () => {
    expect((await check('0')).held).toBe(true);
    expect((await check('process.exit(1)')).held).toBe(false);
  });
});
