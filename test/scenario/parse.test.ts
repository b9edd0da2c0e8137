import { describe, expect, it } from 'vitest';
import { formatProblems, problemJson } from '../../src/scenario/index.js';
import { BASE, changed, problemsOf, valid } from './base.js';

const lineOf = (text: string, part: string) => text.split('\n').findIndex((line) => line.includes(part)) + 1;

describe('an unknown key', () => {
  it.each([
    ['name: base', 'nmae: base', 'nmae', 'name'],
    ['system:', 'sytem:', 'sytem', 'system'],
    ['upstream:', 'upstrem:', 'upstrem', 'upstream'],
    ['think:', 'thnik:', 'thnik', 'think'],
    ['path: /checkout', 'path: /checkout, wieght: 2', 'wieght', 'weight'],
    ['recoverWithin', 'recoverWithn', 'recoverWithn', 'recoverWithin'],
    ['baseline: 20s', 'baselin: 20s', 'baselin', 'baseline'],
    ['latency: 150ms', 'latency: 150ms, jiter: 1ms', 'jiter', 'jitter'],
    ['comesBack', 'comesback', 'comesback', 'comesBack'],
  ])('%s → %s is placed at its own column, with what was meant', (from, to, key, meant) => {
    const text = changed(from, to);
    const problem = problemsOf(text).find(({ code }) => code === 'unknown_key');
    expect(problem?.hint).toBe(`Did you mean "${meant}"?`);
    const { line = 0, column = 0 } = problem?.location ?? {};
    expect(text.split('\n')[line - 1]?.slice(column - 1)).toMatch(new RegExp(`^${key}\\b`));
  });

  it('that is like nothing is told what there is', () => {
    const problem = problemsOf(changed('warmup: 3s', 'xyzzy: 3s')).find(({ code }) => code === 'unknown_key');
    expect(problem?.hint).toBe('There are: warmup, baseline, fault, recovery.');
  });
});

describe('problems', () => {
  it('are told all at once: those of the schema and those of the references', () => {
    const text = changed('request: checkout', 'request: nobody', changed('latency: 150ms', 'latency: 150', BASE));
    expect(problemsOf(text).map(({ code }) => code)).toEqual(['wrong_type', 'unknown_request']);
    expect(problemsOf(text).map(({ location }) => location.line)).toEqual([
      lineOf(text, 'latency: 150 '),
      lineOf(text, 'nobody'),
    ]);
  });

  it('are shown with code, place, frame, caret and hint, in the order of the file', () => {
    const text = changed('service: order,', 'service: ordr,');
    const shown = formatProblems(problemsOf(text), { colour: false });
    const line = lineOf(text, 'ordr,');
    expect(shown).toBe(
      [
        'error[unknown_service] process-kill: there is no service "ordr"',
        `  at base.yaml:${line}:36`,
        `    ${line - 1} |   - { type: latency, link: order-payment, latency: 150ms }`,
        `  > ${line} |   - { type: process-kill, service: ordr, at: 10s, comesBack: 5s }`,
        `       |                                    ^`,
        `    ${line + 1} | slos:`,
        '  hint: Did you mean "order"?',
        '',
      ].join('\n'),
    );
    expect(formatProblems(problemsOf(text), { colour: true })).toContain('\u001b[31merror[unknown_service]\u001b[39m');
  });

  it('are plain data for machines', () => {
    const [problem] = problemsOf(changed('service: order,', 'service: ordr,'));
    expect(problem && problemJson(problem)).toMatchObject({
      code: 'unknown_service',
      path: 'faults.1.service',
      file: 'base.yaml',
      column: 36,
    });
  });
});

describe('a file', () => {
  it('that is empty, huge, binary or no mapping is refused with a place', () => {
    for (const [text, code] of [
      ['', 'empty'],
      ['  \n\n', 'empty'],
      ['# only a comment\n', 'not_a_scenario'],
      ['- a list', 'not_a_scenario'],
      ['42', 'not_a_scenario'],
      ['name: a\0b', 'not_text'],
      [`name: ${'x'.repeat(1024 * 1024)}`, 'too_large'],
    ] as const) {
      const [problem, ...others] = problemsOf(text);
      expect({ code: problem?.code, others }, text.slice(0, 20)).toEqual({ code, others: [] });
      expect(problem?.location).toMatchObject({ file: 'base.yaml', line: expect.any(Number) });
    }
  });

  it('with a byte order mark, Windows line ends or as JSON means the same', () => {
    const { source: _a, ...plain } = valid(BASE);
    for (const text of [`\uFEFF${BASE}`, BASE.replaceAll('\n', '\r\n')]) {
      const { source: _b, ...other } = valid(text);
      expect(other).toEqual(plain);
    }
    const json = JSON.stringify({
      plimsoll: 1,
      name: 'json',
      load: { rate: '10/s', requests: [{ name: 'a', url: 'http://127.0.0.1:1/' }] },
      phases: { baseline: '20s', fault: '20s' },
      slos: [{ name: 'a', indicator: 'availability', objective: '>= 99%' }],
    });
    expect(valid(json).load.streams['load']?.rate).toEqual({ perSecond: 10 });
  });

  it('with a key twice, a tab as indentation or an open bracket is placed', () => {
    expect(problemsOf(changed('name: base', 'name: base\nname: again'))).toMatchObject([
      { code: 'duplicate_key', location: { line: 3 } },
    ]);
    expect(problemsOf(changed('  start', '\tstart'))[0]).toMatchObject({ code: 'not_yaml', location: { line: 4 } });
    expect(problemsOf(changed('{ warmup', '{ { warmup'))[0]).toMatchObject({ code: 'not_yaml' });
  });

  it('that grows without end by aliases is refused quickly', () => {
    const levels = Array.from({ length: 12 }, (_, k) => `a${k + 1}: &a${k + 1} [${`*a${k}, `.repeat(9)}*a${k}]`);
    const began = performance.now();
    expect(problemsOf(`a0: &a0 [x]\n${levels.join('\n')}\n`)).toMatchObject([{ code: 'not_yaml' }]);
    expect(performance.now() - began).toBeLessThan(2000);
  });
});

describe('${NAME}', () => {
  const text = changed('name: base', "name: base\ndescription: 'at ${HOST}, ${ROLE:-main}, ${EMPTY:-full}'");

  it('is replaced in strings, with a default where it is not set or empty', () => {
    expect(valid(text, { HOST: 'here', EMPTY: '' }).description).toBe('at here, main, full');
    expect(valid(text, { HOST: '', ROLE: 'spare' }).description).toBe('at , spare, full');
  });

  it('without a value is a problem at its place', () => {
    expect(problemsOf(text)).toMatchObject([
      { code: 'variable_not_set', message: expect.stringContaining('HOST'), location: { line: lineOf(text, 'HOST') } },
    ]);
  });

  it('cannot bring in structure: a value stays one string', () => {
    expect(valid(text, { HOST: '}\nseed: 9\n${ROLE}' }).description).toBe('at }\nseed: 9\n${ROLE}, main, full');
  });

  it('replaces no key', () => {
    const problems = problemsOf(changed('name: base', "'${A:-name}': base"));
    expect(problems.map(({ code }) => code)).toContain('unknown_key');
  });
});
