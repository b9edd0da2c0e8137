import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderIndex } from '../../src/html/index-page.js';
import { renderReport } from '../../src/html/document.js';
import { parseResult } from '../../src/result/migrate.js';
import { RESULT_SCHEMA_VERSION, type RunResult } from '../../src/result/schema.js';
import { sampleResult, variants } from '../support/sample-result.js';

const FIXTURES = 'test/result/fixtures';

describe('old results', () => {
  const files = readdirSync(FIXTURES).filter((name) => /^result-v\d+\.json$/.test(name));

  it('are kept of every schema version that there has been', () => {
    const versions = files.map((name) => Number(/\d+/.exec(name)?.[0])).toSorted((a, b) => a - b);
    expect(versions).toEqual(Array.from({ length: RESULT_SCHEMA_VERSION }, (_, k) => k + 1));
  });

  it.each(files)('%s still renders, alone and in an index', (file) => {
    const result = parseResult(JSON.parse(readFileSync(join(FIXTURES, file), 'utf8')), file);
    for (const page of [renderReport(result), renderIndex([{ result }])]) {
      expect(page).toContain(`>${result.verdict}<`);
      expect(page).not.toMatch(/>(?:NaN|Infinity|undefined|null|\[object Object\])</);
    }
  });
});

describe('hostile strings', () => {
  /** Every place in a result that holds a free string, as a path. */
  function places(value: unknown, path: string[] = []): string[][] {
    if (typeof value === 'string') return [path];
    if (typeof value !== 'object' || value === null) return [];
    // Of a long list the first and the last stand for all.
    const keys = Object.keys(value);
    const some = Array.isArray(value) && keys.length > 2 ? [keys[0]!, keys.at(-1)!] : keys;
    return some.flatMap((key) => places((value as Record<string, unknown>)[key], [...path, key]));
  }

  function put(result: RunResult, path: readonly string[], text: string): void {
    let at = result as unknown as Record<string, unknown>;
    for (const key of path.slice(0, -1)) at = at[key] as Record<string, unknown>;
    at[path.at(-1)!] = text;
  }

  it('in one field at a time leave no tag, handler or script of theirs behind', () => {
    const base = variants.uncleaned();
    const all = places(base).filter(
      (path) => !/^(?:verdict|severity|outcome|part|unit|state|status|kind|window)$/.test(path.at(-1)!),
    );
    expect(all.length).toBeGreaterThan(120);
    const attack = '"><img src=x onerror=alert(1)></script><script>alert(1)</script>\u202E';
    // Ten fields a page, so that all fields are looked at in seconds.
    for (let from = 0; from < all.length; from += 10) {
      const result = structuredClone(base);
      const group = all.slice(from, from + 10);
      for (const path of group) put(result, path, attack);
      const page = renderReport(result);
      const where = group.map((path) => path.join('.')).join(' ');
      expect(page.includes('<img'), where).toBe(false);
      expect(page.match(/<script/g), where).toHaveLength(1);
      expect(page.includes('\u202E'), where).toBe(false);
    }
  });
});

describe('a run whose log was cut', () => {
  it('shows what there is and says what is missing', () => {
    const page = renderReport({
      ...variants.killed(),
      warnings: [{ code: 'records_damaged', message: 'events.ndjson ends in the middle of a line' }],
    });
    expect(page).toContain('The run was killed at 0:33');
    expect(page).toContain('events.ndjson ends in the middle of a line');
    expect(page).toContain('The run ended before it came to its fault and its recovery window.');
    expect(page).toContain('id="timeline"');
    expect(renderReport(sampleResult())).not.toContain('The run ended before it came to');
  });
});
