import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatProblems, parseScenario, type Parsed } from '../../src/scenario/index.js';
import { BASE, valid } from './base.js';

/** Whatever comes in: a scenario, or problems that each have a place inside the file and can be shown. */
function check(text: string): Parsed {
  const parsed = parseScenario(text, 'fuzz.yaml', { HOME: '/' });
  const lines = text.split('\n').length;
  expect(parsed.scenario === undefined).toBe(parsed.problems.length > 0);
  for (const { code, message, location } of parsed.problems) {
    expect(code).toMatch(/^[a-z_]+$/);
    expect(message).not.toBe('');
    expect(location.file).toBe('fuzz.yaml');
    expect(location.line).toBeGreaterThanOrEqual(1);
    expect(location.line).toBeLessThanOrEqual(lines);
    expect(location.column).toBeGreaterThanOrEqual(1);
  }
  expect(typeof formatProblems(parsed.problems, { colour: true })).toBe('string');
  return parsed;
}

const TOKENS = BASE.split(/(\s+|[{}[\],:'])/).filter((token) => token !== '');
const strange = fc.constantFrom(
  '', '~', 'null', '.nan', '.inf', '-1', '1e999', '[]', '{}', '""', '&a', '*a', '!!binary x', '!foo', '<<: *a', '|', '>', '? ',
  '---', '...', '%YAML 1.1', '__proto__', 'constructor', 'toString', '${', '${A}', '${A:-}', '{{x}}', '\t', '\uFEFF', '\u2028', '💥',
  '9'.repeat(400), 'true', '2026-01-01', '0x10', '0s', '-0%', '1e3/s', '[[', '}}', "'",
); // prettier-ignore

describe('the parser, whatever it is given,', () => {
  it('never throws for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), (text) => void check(text)),
      { numRuns: 300 },
    );
  });

  it('never throws for any JSON, nor for any JSON in place of a part', () => {
    const keys = [
      'system',
      'load',
      'phases',
      'faults',
      'slos',
      'invariants',
      'stop',
      'budget',
      'seed',
      'allow',
      'name',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.jsonValue(), (key, value) => {
        const { source: _source, ...scenario } = valid(BASE);
        check(JSON.stringify({ plimsoll: 1, name: 'x', phases: scenario.phases, [key]: value }, null, 1));
      }),
      { numRuns: 150 },
    );
  });

  it('never throws for a scenario with tokens lost, doubled, swapped or replaced', () => {
    const edit = fc.record({
      at: fc.nat(TOKENS.length - 1),
      how: fc.constantFrom('drop', 'double', 'swap', 'replace' as const),
      by: strange,
    });
    let refused = 0;
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const tokens = [...TOKENS];
        for (const { at, how, by } of edits) {
          const token = tokens[at] ?? '';
          if (how === 'drop') tokens[at] = '';
          else if (how === 'double') tokens[at] = token + token;
          else if (how === 'replace') tokens[at] = by;
          else [tokens[at], tokens[at + 1]] = [tokens[at + 1] ?? '', token];
        }
        if (check(tokens.join('')).problems.length > 0) refused++;
      }),
      { numRuns: 400 },
    );
    // The edits must be strong enough to be noticed.
    expect(refused).toBeGreaterThan(150);
  });

  it.each([
    ['deeply nested lists', '['.repeat(50_000)],
    ['deeply nested mappings', 'a: {'.repeat(20_000)],
    ['a list that leads to itself', 'a: &a [*a]'],
    ['a mapping that leads to itself', 'slos: &a { x: *a }'],
    ['many keys', Array.from({ length: 1000 }, (_, k) => `k${k}: 1`).join('\n')],
    ['prototypes', '__proto__: { x: 1 }\nconstructor: 1\nload: { streams: { __proto__: { rate: 1/s } } }'],
    ['a key that is a mapping', '? { a: 1 }\n: b'],
    ['several documents', 'a: 1\n---\nb: 2'],
  ])('never throws for %s', (_what, text) => {
    expect(check(text).problems.length).toBeGreaterThan(0);
  });
});
