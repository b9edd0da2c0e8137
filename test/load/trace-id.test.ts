import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { traceIdOf, traceIds, traceparentOf } from '../../src/support/trace-id.js';

describe('trace ids', () => {
  test('follow from run, stream and index alone', () => {
    expect(traceIdOf('r7k2m9ab', 'checkouts', 17)).toBe(traceIds('r7k2m9ab', 'checkouts').traceId(17));
    expect(traceIdOf('r7k2m9ab', 'checkouts', 17)).not.toBe(traceIdOf('r7k2m9ab', 'checkouts', 18));
    expect(traceIdOf('r7k2m9ab', 'checkouts', 17)).not.toBe(traceIdOf('r7k2m9ac', 'checkouts', 17));
    expect(traceIdOf('r7k2m9ab', 'checkouts', 17)).not.toBe(traceIdOf('r7k2m9ab', 'shoppers', 17));
  });

  test('make a valid traceparent', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.integer({ min: 0, max: 2 ** 32 - 1 }), (run, stream, index) => {
        const ids = traceIds(run, stream);
        const header = traceparentOf(ids.traceId(index), ids.spanId(index));
        expect(header).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
        expect(ids.traceId(index)).not.toBe('0'.repeat(32));
        expect(ids.spanId(index)).not.toBe('0'.repeat(16));
      }),
    );
  });

  test('are different for every arrival', () => {
    const ids = traceIds('r7k2m9ab', 'checkouts');
    const firstWords = new Set(Array.from({ length: 100_000 }, (_, index) => ids.traceId(index).slice(0, 8)));
    expect(firstWords.size).toBe(100_000);
  });
});
