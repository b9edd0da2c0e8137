import { describe, expect, it } from 'vitest';
import { changed, problemsOf } from './base.js';

/** [text in the base, what stands there instead, the codes of the problems that this alone is] */
type Break = [from: string, to: string, codes: string[]];

/** Broken in a way that the schema sees. */
const BROKEN: Break[] = [
  ['rate: 100/s', 'rate: 100', ['wrong_type']],
  ['rate: 100/s', 'rte: 100/s', ['unknown_key']],
  ['users: 8', 'users: many', ['wrong_type']],
  ['baseline: 20s', 'baseline: 20', ['wrong_type']],
  ['baseline: 20s', 'baselin: 20s', ['missing', 'unknown_key']],
  ['upstream: 127.0.0.1:7203', 'upstream: 127.0.0.1', ['invalid']],
  ['upstream:', 'upstrem:', ['missing', 'unknown_key']],
  ['path: /checkout', 'path: checkout', ['invalid']],
  ['path: /checkout', 'path: /checkout, wieght: 2', ['unknown_key']],
  ['latency: 150ms', 'latency: 150', ['wrong_type']],
  ['comesBack', 'comesback', ['unknown_key']],
  ['name: base', 'name: ../base', ['invalid']],
  ['plimsoll: 1', 'plimsoll: 2', ['invalid']],
  ['tolerance: 1pp', 'tolerance: 0.01', ['invalid']],
];

/** Broken in a way that only a look at other places shows. */
const REFERENCES: Break[] = [
  ['request: checkout', 'request: nobody', ['unknown_request']],
  ['service: order,', 'service: ordr,', ['unknown_service']],
  ['link: order-payment', 'link: nowhere', ['unknown_link']],
  ['fault: 20s', 'fault: 19s', ['window_too_short']],
  ['from: order', 'from: ordr', ['unknown_service']],
  ["objective: '>= 99%'", "objective: '<= 99%'", ['bad_objective']],
];

const codesOf = (text: string) => problemsOf(text).map(({ code }) => code);

describe('what the schema refuses', () => {
  it.each(BROKEN)('%s → %s is told without an echo elsewhere', (from, to, codes) => {
    expect(codesOf(changed(from, to)).sort()).toEqual([...codes].sort());
  });

  it.each(REFERENCES)('does not hide %s → %s, whatever it is', (from, to, codes) => {
    const hidden: string[] = [];
    for (const [brokenFrom, brokenTo, brokenCodes] of BROKEN) {
      let text: string;
      try {
        text = changed(from, to, changed(brokenFrom, brokenTo));
      } catch {
        continue; // Both change the same words.
      }
      // A service, link, request or SLO that is broken itself is looked at when it is mended, not before.
      if (lineOf(text, to) === lineOf(text, brokenTo)) continue;
      const found = codesOf(text);
      for (const code of [...codes, ...brokenCodes])
        if (!found.includes(code)) hidden.push(`${brokenTo}: ${code} in ${found.join(', ')}`);
    }
    expect(hidden).toEqual([]);
  });

  it.each([
    ['the table of links', 'links:', 'linkz:'],
    ['the table of services', 'services:', 'servics:'],
    ['the load', 'load:', 'laod:'],
    ['the system', 'system:', 'sytem:'],
  ])('and takes the names along (%s) is not told once more for each name', (_what, from, to) => {
    const codes = codesOf(changed(from, to));
    expect(codes).toContain('unknown_key');
    expect(codes.filter((code) => code.startsWith('unknown_') && code !== 'unknown_key')).toEqual([]);
  });

  it('is told for several places at once, with what the references say', () => {
    let text = changed('rate: 100/s', 'rate: 100');
    text = changed('baseline: 20s', 'baseline: 20', text);
    text = changed('upstream:', 'upstrem:', text);
    text = changed('request: checkout', 'request: nobody', text);
    text = changed('service: order,', 'service: ordr,', text);
    expect(new Set(codesOf(text))).toEqual(
      new Set(['wrong_type', 'unknown_key', 'missing', 'unknown_request', 'unknown_service']),
    );
  });
});

function lineOf(text: string, part: string): number {
  return text.slice(0, text.indexOf(part)).split('\n').length;
}
