import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { REPORTER_NAMES } from '../../src/reporters/names.js';
import { reporters } from '../../src/reporters/registry.js';

/** A file of a reporter is known by what it declares. */
const files = readdirSync('src/reporters')
  .filter((name) => /: ReporterDefinition = \{/.test(readFileSync(`src/reporters/${name}`, 'utf8')))
  .map((name) => name.replace(/\.ts$/, ''));
const tests = readdirSync('test/reporters')
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => readFileSync(`test/reporters/${name}`, 'utf8'));
const page = readFileSync('docs/ci.md', 'utf8');

describe('the reporters', () => {
  it('that have a file are registered, each once and under the name of its file', () => {
    expect(reporters.map(({ name }) => name).sort()).toEqual(files.sort());
    expect(reporters.map(({ name }) => name)).toEqual([...REPORTER_NAMES]);
  });

  it.each(REPORTER_NAMES)('%s has a test and a line in docs/ci.md', (name) => {
    expect(
      tests.some(
        (text) =>
          text.includes(`/reporters/${name}.js'`) ||
          text.includes(`/html/${name}.js'`) ||
          text.includes(`end('${name}'`),
      ),
    ).toBe(true);
    expect(page).toContain(`| \`${name}\``);
  });
});
