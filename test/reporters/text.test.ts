import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clean, fit, painter, truncate, widthOf, wrap } from '../../src/reporters/text.js';
import { ATTACKS } from '../support/sample-result.js';

describe('text for terminals', () => {
  it.each(ATTACKS)('cleans %j of all that could steer a terminal', (attack) => {
    expect(clean(attack)).not.toMatch(/\p{Cc}|\p{Surrogate}|[\u202A-\u202E\u2066-\u2069]/u);
  });

  it('keeps what is harmless', () => {
    expect(clean('  naïve café  – 日本語\n')).toBe('naïve café – 日本語');
  });

  it('counts wide and combining characters as a terminal does', () => {
    expect(widthOf('abc')).toBe(3);
    expect(widthOf('日本')).toBe(4);
    expect(widthOf('e\u0301')).toBe(1);
    expect(widthOf('🚢')).toBe(2);
  });

  it('truncates and fits to columns', () => {
    expect(truncate('checkout', 8)).toBe('checkout');
    expect(truncate('checkouts', 8)).toBe('checkou…');
    expect(truncate('日本語', 4)).toBe('日…');
    expect(fit('ab', 4)).toBe('ab  ');
    expect(fit('ab', 4, 'right')).toBe('  ab');
  });

  it('never exceeds the columns, and loses nothing when it wraps', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 200 }),
        fc.integer({ min: 12, max: 80 }),
        (text, columns) => {
          const lines = wrap(clean(text), columns, '  ');
          for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
          expect(lines.join('').replaceAll(' ', '')).toBe(clean(text).replaceAll(' ', ''));
        },
      ),
    );
  });

  it('colours only where colour is wanted', () => {
    expect(painter(false)('red', 'x')).toBe('x');
    expect(painter(true)('red', 'x')).toBe('\u001B[31mx\u001B[0m');
  });
});
