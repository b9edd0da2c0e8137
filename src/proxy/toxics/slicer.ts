import { around, type Random } from '../random.js';
import type { ToxicDefinition } from './toxic.js';

/**
 * Cuts each chunk into pieces of about `average_size` bytes, give or take `size_variation`, and waits `delay` µs after
 * each of them, the last included.
 */
export default {
  type: 'slicer',
  attributes: { average_size: 0, size_variation: 0, delay: 0 },
  refuse({ average_size: average = 0, size_variation: variation = 0 }) {
    if (average <= 0) return `average_size must be positive, received ${average}`;
    if (variation > average) return `size_variation must not exceed average_size, received ${variation} > ${average}`;
    if (average + variation <= 0) return `average_size + size_variation must be positive`;
    return undefined;
  },
  behaviour: ({ average_size: average = 0, size_variation: variation = 0, delay = 0 }, flow) => ({
    take(data, readAtMs) {
      const ends = cuts(data.length, average, variation, flow.random);
      let piece = 0;
      let start = 0;
      const next = (): void => {
        const end = ends[piece];
        if (end === undefined) return;
        flow.send(data.subarray(start, end), readAtMs);
        start = end;
        piece += 1;
        const rest = end < data.length ? { data: data.subarray(end), readAtMs } : undefined;
        flow.wait(delay / 1000, rest, next);
      };
      next();
    },
  }),
} satisfies ToxicDefinition;

/**
 * Where the pieces end. The chunk is halved, the middle moved by -variation to variation - 1, until a piece is no longer
 * than average + variation: evenly varied pieces without a tendency at either end.
 */
export function cuts(length: number, average: number, variation: number, random: Random): number[] {
  const ends: number[] = [];
  const cut = (start: number, end: number): void => {
    if (end - start - average <= variation) {
      ends.push(end);
      return;
    }
    const middle = start + Math.floor((end - start) / 2) + around(random, variation);
    cut(start, middle);
    cut(middle, end);
  };
  cut(0, length);
  return ends;
}
