import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import github, { annotations, fitted } from '../../src/reporters/github.js';
import { slosInText } from '../../src/reporters/scenario-lines.js';
import type { RunResult } from '../../src/result/schema.js';
import { ATTACKS, sampleResult, variants } from '../support/sample-result.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'plimsoll-github-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function end(result: RunResult, env: Record<string, string>, path?: string): Promise<string> {
  let err = '';
  const reporter = github.create({
    directory,
    path,
    env,
    out: () => expect.unreachable('stdout may be promised to JSON'),
    err: (text) => void (err += text),
  });
  await reporter.onEnd?.(result);
  return err;
}

describe('annotations', () => {
  it('point at the line of the SLO in the scenario, errors for what decides, warnings for the rest', () => {
    const lines = annotations(variants.failed());
    const source = variants.failed().run.scenario.text.split('\n');
    expect(lines).toHaveLength(2);
    const [first = '', second = ''] = lines;
    expect(first).toMatch(/^::error file=scenarios\/payment-slow\.yaml,line=\d+,title=checkout p95 failed::/);
    expect(second).toMatch(/^::warning .*title=browse p99 inconclusive::/);
    expect(source[Number(/line=(\d+)/.exec(first)?.[1]) - 1]).toContain('name: checkout p95');
  });

  it('say nothing of a run that held, and everything of one that was not put back', () => {
    expect(annotations({ ...sampleResult(), slos: sampleResult().slos.slice(0, 2) })).toEqual([]);
    expect(annotations(variants.uncleaned())[0]).toMatch(/^::error .*title=A fault may still be active::/);
    expect(annotations(variants.errored())[0]).toMatch(/title=errored%3A payment-slow::the fault latency/);
  });

  it('put the worst first, and no more than GitHub shows', () => {
    const base = variants.failed();
    const broken = base.slos[1]!;
    const slos = Array.from({ length: 14 }, (_, k) => ({
      ...broken,
      name: `slo ${k}`,
      parts: [{ ...broken.parts[1]!, estimate: { value: 0.06 + k / 100, low: 0.055, high: 1 } }],
    }));
    const lines = annotations({ ...base, slos });
    expect(lines).toHaveLength(10);
    expect(lines[0]).toContain('slo 13 failed');
    expect(lines[9]).toContain('slo 4 failed');
  });

  it('are one command a line, whatever the names hold', () => {
    const lines = annotations(variants.hostile());
    for (const line of lines) {
      expect(line.trimEnd().split(/[\r\n]/)).toHaveLength(1);
      const [, properties = ''] = /^::(?:error|warning) (.*?)::/.exec(line) ?? [];
      expect(properties.split(',').map((part) => part.split('=')[0])).toEqual(['file', 'line', 'title']);
    }
    const base = variants.failed();
    for (const attack of [...ATTACKS, 'a::b,c:d%0A\n::error::owned']) {
      const slos = [{ ...base.slos[1]!, name: attack, sentence: attack }];
      expect(
        annotations({ ...base, slos })
          .join('')
          .match(/^::/gm),
      ).toHaveLength(1);
    }
  });

  it('name files from the root of the checkout', () => {
    const base = variants.failed();
    const scenario = { ...base.run.scenario, file: '/checkout/chaos/a.yaml' };
    const result = { ...base, run: { ...base.run, scenario } };
    expect(annotations(result, '/checkout')[0]).toContain('file=chaos/a.yaml,');
  });
});

describe('lines of a scenario', () => {
  it('are found in flow and in block style, and nothing is found in what is no scenario', () => {
    const lines = slosInText(
      'plimsoll: 1\nslos:\n  - { name: a, x: 1 }\n  - name: b\n    x: 1\ninvariants:\n  - { name: c }\n',
    );
    expect([...lines]).toEqual([
      ['a', 3],
      ['b', 4],
      ['c', 7],
    ]);
    for (const attack of [...ATTACKS, '', '{', '[1, 2', 'slos: 3', '&a [*a, *a]'])
      expect(slosInText(attack).size).toBe(0);
  });
});

describe('the step summary', () => {
  it('is added to what other steps wrote', async () => {
    const file = join(directory, 'summary.md');
    await writeFile(file, 'before\n');
    const err = await end(variants.failed(), { GITHUB_STEP_SUMMARY: file });
    expect(err).toContain('::error file=');
    const text = await readFile(file, 'utf8');
    expect(text).toMatch(/^before\n### ❌ FAILED: payment-slow/);
    expect(text).toContain('| checkout p95 | 41\u00A0ms');
  });

  it('stays below 1 MiB, with whole lines', async () => {
    const file = join(directory, 'full.md');
    await writeFile(file, 'x'.repeat(1024 * 1024 - 900));
    await end(variants.failed(), { GITHUB_STEP_SUMMARY: file });
    expect((await stat(file)).size).toBeLessThanOrEqual(1024 * 1024);
    expect((await readFile(file, 'utf8')).endsWith('a step summary may have 1 MiB.\n')).toBe(true);
    expect(fitted('ä\n'.repeat(100), 60)).not.toContain('\uFFFD');
    expect(fitted('text', 3)).toBe('');
  });

  it('goes to a file where one is named, and nowhere outside of GitHub', async () => {
    const path = join(directory, 'own.md');
    await end(variants.failed(), {}, path);
    expect(await readFile(path, 'utf8')).toContain('### ❌ FAILED');
    await end(variants.failed(), {});
  });
});
