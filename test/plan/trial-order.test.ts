import { describe, expect, it } from 'vitest';
import { lookAfter, looksOf, trialOrder } from '../../src/plan/trial-order.js';

describe('the order of repeated trials', () => {
  it('is ABBA BAAB: a trend over the run cancels after each second trial', () => {
    expect(trialOrder(1)).toEqual(['AB']);
    expect(trialOrder(4).join(' ')).toBe('AB BA BA AB');
    for (const trials of [2, 4, 8]) {
      const letters = trialOrder(trials).join('');
      const position = (letter: string): number =>
        Array.from(letters).reduce((sum, one, at) => sum + (one === letter ? at : 0), 0);
      expect(position('A')).toBe(position('B'));
    }
  });

  it('has a look after each second trial, where early decisions are wanted', () => {
    expect(looksOf({ trials: 8, decideEarly: true })).toBe(4);
    expect(looksOf({ trials: 8, decideEarly: false })).toBe(1);
    expect([1, 2, 3, 4].map(lookAfter)).toEqual([undefined, 1, undefined, 2]);
  });
});
