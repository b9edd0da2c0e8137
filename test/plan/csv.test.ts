import { describe, expect, it } from 'vitest';
import { parseCsv } from '../../src/plan/csv.js';

const fields = (text: string) => {
  const parsed = parseCsv(text);
  return 'rows' in parsed ? parsed.rows.map((row) => row.fields) : parsed;
};

describe('a CSV file', () => {
  it.each([
    ['', []],
    ['a,b\n1,2\n', [['a', 'b'], ['1', '2']]],
    ['\uFEFFa , b\r\n\r\n1,2', [['a', 'b'], ['1', '2']]],
    ['a,b\n1,\n,', [['a', 'b'], ['1', ''], ['', '']]],
    ['"x, y", "say ""hi"""\n"two\nlines",z', [['x, y', 'say "hi"'], ['two\nlines', 'z']]],
    ['"open\n1', { openQuoteAt: 1 }],
    ['a\n"b"c', { openQuoteAt: 2 }],
  ])('%j', (text, expected) => expect(fields(text)).toEqual(expected)); // prettier-ignore

  it('knows the line at which a row begins', () => {
    const parsed = parseCsv('a\n"1\n2"\n\n3');
    expect('rows' in parsed && parsed.rows.map(({ line }) => line)).toEqual([1, 2, 5]);
  });
});
