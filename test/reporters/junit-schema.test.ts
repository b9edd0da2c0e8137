import { readFileSync } from 'node:fs';
import { parse } from 'junit2json';
import { describe, expect, it } from 'vitest';
import { validateXML } from 'xmllint-wasm';
import { junitXml } from '../../src/reporters/junit.js';
import { sampleResult, variants } from '../support/sample-result.js';

const schema = readFileSync('test/reporters/junit.xsd', 'utf8');
const check = (xml: string) => validateXML({ xml: { fileName: 'junit.xml', contents: xml }, schema });

describe('JUnit for others', () => {
  it.each(Object.entries({ passed: sampleResult, ...variants }))('keeps to the common schema: %s', async (_, make) => {
    expect((await check(junitXml(make()))).errors).toEqual([]);
  });

  it('would see what the schema does not know', async () => {
    const xml = junitXml(sampleResult());
    const broken = await check(xml.replace('<testsuites ', '<testsuites skipped="1" '));
    expect(broken.valid).toBe(false);
    expect((await check(xml.replace(/ tests="\d+"/g, ' tests="many"'))).valid).toBe(false);
  });

  it('says the same when somebody else reads it', async () => {
    const suites = await parse(junitXml(variants.failed()));
    const [suite] = suites && 'testsuite' in suites ? (suites.testsuite ?? []) : [];
    expect(suite).toMatchObject({ name: 'payment-slow', failures: 1, errors: 0, skipped: 2 });
    expect(suite?.testcase).toHaveLength(suite?.tests ?? 0);
    const failed = suite?.testcase?.filter(({ failure }) => failure !== undefined) ?? [];
    expect(failed.map(({ name }) => name)).toEqual(['checkout p95: drift from baseline to fault']);
    expect(failed[0]?.failure?.[0]?.message).toContain('rose from 41 to 196 ms');
    expect(suite?.properties?.find(({ name }) => name === 'seed')?.value).toEqual(expect.anything());
  });
});
