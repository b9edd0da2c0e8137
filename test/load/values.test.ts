import { describe, expect, test } from 'vitest';
import type { DataSource } from '../../src/load/driver.js';
import { compileTemplate, type ValueEncoding } from '../../src/load/values.js';

const fill = (text: string, data: Record<string, DataSource>, encoding: ValueEncoding = 'plain', seed = 7) =>
  compileTemplate(text, { seed, stream: 'checkouts', data }, encoding);

describe('values', () => {
  test('int, pick and uuid depend on seed and index alone', () => {
    const data: Record<string, DataSource> = {
      n: { kind: 'int', min: 3, max: 5 },
      sku: { kind: 'pick', from: ['mug', 'lamp'] },
      id: { kind: 'uuid' },
    };
    const text = '{{n}} {{ sku }} {{id}}';
    const filled = Array.from({ length: 500 }, (_, index) => fill(text, data)(index));
    expect(filled).toEqual(Array.from({ length: 500 }, (_, index) => fill(text, data)(index)));
    expect(fill(text, data, 'plain', 8)(1)).not.toBe(filled[1]);
    for (const value of filled) {
      expect(value).toMatch(/^[345] (mug|lamp) [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
    expect(new Set(filled.map((value) => value[0]))).toEqual(new Set(['3', '4', '5']));
    expect(new Set(filled.map((value) => value.split(' ')[2])).size).toBe(500);
  });

  test('sequence and sequential columns go in order and start again', () => {
    const data: Record<string, DataSource> = {
      i: { kind: 'sequence', start: 10 },
      city: { kind: 'csv', rows: ['a', 'b', 'c'], order: 'sequential' },
    };
    expect([0, 1, 2, 3, 4].map(fill('{{i}}{{city}}', data))).toEqual(['10a', '11b', '12c', '13a', '14b']);
    const rows = Array.from({ length: 49 }, (_, row) => String(row));
    const column = fill('{{x}}', { x: { kind: 'csv', rows, order: 'sequential' } });
    for (let index = 0; index < 490; index++) expect(column(index)).toBe(String(index % 49));
  });

  test('random columns of one file give values of one row', () => {
    const data: Record<string, DataSource> = {
      city: { kind: 'csv', rows: ['Bonn', 'Oslo', 'Rome'], order: 'random' },
      code: { kind: 'csv', rows: ['B', 'O', 'R'], order: 'random' },
    };
    const template = fill('{{city}}{{code}}', data);
    const seen = new Set(Array.from({ length: 100 }, (_, index) => template(index)));
    expect(seen).toEqual(new Set(['BonnB', 'OsloO', 'RomeR']));
  });

  test('a value cannot break out of the url or the JSON that it stands in', () => {
    const data: Record<string, DataSource> = { x: { kind: 'pick', from: ['a/b?c="d"\n'] } };
    expect(fill('/items/{{x}}', data, 'url')(0)).toBe('/items/a%2Fb%3Fc%3D%22d%22%0A');
    expect(JSON.parse(fill('{"x":"{{x}}"}', data, 'json')(0))).toEqual({ x: 'a/b?c="d"\n' });
  });

  test('an unknown name is an error that says what there is', () => {
    expect(() => fill('{{price}}', { sku: { kind: 'uuid' } })).toThrow(
      expect.objectContaining({ code: 'unknown_value', hint: expect.stringContaining('sku') }),
    );
    expect(() => fill('{{toString}}', {})).toThrow(expect.objectContaining({ code: 'unknown_value' }));
  });
});
