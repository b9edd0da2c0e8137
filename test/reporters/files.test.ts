import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reporterByName, reporters } from '../../src/reporters/registry.js';
import type { ReporterOutput } from '../../src/reporters/reporter.js';
import { RunResult } from '../../src/result/schema.js';
import { sampleResult } from '../support/sample-result.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'plimsoll-reporters-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function end(name: string, path?: string): Promise<string> {
  let out = '';
  const output: ReporterOutput = {
    directory,
    path,
    out: (text) => void (out += text),
    err: () => undefined,
  };
  const reporter = reporterByName(name)?.create(output);
  return Promise.resolve(reporter?.onEnd?.(sampleResult())).then(() => out);
}

describe('reporters that write files', () => {
  it('are found by name', () => {
    expect(reporters.map(({ name }) => name)).toContain('junit');
    expect(reporterByName('nothing')).toBeUndefined();
  });

  it('write into the run directory', async () => {
    await end('html');
    await end('junit');
    await end('badge');
    await end('markdown');
    await end('ctrf');
    expect(await readFile(join(directory, 'report.html'), 'utf8')).toMatch(/^<!doctype html>/);
    expect(await readFile(join(directory, 'junit.xml'), 'utf8')).toMatch(/^<\?xml/);
  });

  it('write where the user says, and make the folders', async () => {
    const path = join(directory, 'deep', 'er', 'out.xml');
    await end('junit', path);
    expect(await readFile(path, 'utf8')).toMatch(/^<\?xml/);
  });

  it('print exactly one JSON document, which is the result', async () => {
    expect(RunResult.parse(JSON.parse(await end('json')))).toEqual(sampleResult());
    const path = join(directory, 'copy.json');
    expect(await end('json', path)).toBe('');
    expect(RunResult.parse(JSON.parse(await readFile(path, 'utf8')))).toEqual(sampleResult());
  });
});
