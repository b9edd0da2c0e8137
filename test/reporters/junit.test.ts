import { SaxesParser } from 'saxes';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeXml, junitXml } from '../../src/reporters/junit.js';
import { sampleResult, variants } from '../support/sample-result.js';

interface TestCase {
  name: string;
  classname: string;
  states: string[];
  message: string;
}

/** Reads JUnit XML strictly: anything that is not well-formed throws. */
function read(xml: string): {
  attributes: Record<string, string>;
  properties: Record<string, string>;
  cases: TestCase[];
} {
  const parser = new SaxesParser();
  const cases: TestCase[] = [];
  const properties: Record<string, string> = {};
  let attributes: Record<string, string> = {};
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', (tag) => {
    const values = tag.attributes as Record<string, string>;
    if (tag.name === 'testsuite') attributes = values;
    if (tag.name === 'property') properties[values['name'] ?? ''] = values['value'] ?? '';
    if (tag.name === 'testcase') {
      cases.push({ name: values['name'] ?? '', classname: values['classname'] ?? '', states: [], message: '' });
    }
    const current = cases.at(-1);
    if (current !== undefined && ['failure', 'skipped', 'error'].includes(tag.name)) {
      current.states.push(tag.name);
      current.message = values['message'] ?? '';
    }
  });
  parser.write(xml).close();
  return { attributes, properties, cases };
}

const stateOf = (cases: TestCase[], name: string): string | undefined => {
  const found = cases.find((item) => item.name === name);
  return found === undefined ? 'missing' : (found.states[0] ?? 'passed');
};

describe('JUnit', () => {
  it('has a case for each part of each SLO, each fault, each invariant, the clean-up and the run', () => {
    const { attributes, properties, cases } = read(junitXml(variants.failed()));
    expect(attributes).toMatchObject({ name: 'payment-slow', failures: '1', errors: '0', skipped: '2' });
    expect(attributes['tests']).toBe(String(cases.length));
    expect(stateOf(cases, 'checkout p95: objective under fault')).toBe('passed');
    expect(stateOf(cases, 'checkout p95: drift from baseline to fault')).toBe('failure');
    expect(stateOf(cases, 'checkout p95: recovery')).toBe('passed');
    expect(stateOf(cases, 'nothing lost')).toBe('passed');
    expect(stateOf(cases, 'f1 latency: takes effect')).toBe('passed');
    expect(stateOf(cases, 'f2 process-kill: is undone')).toBe('passed');
    expect(stateOf(cases, 'everything is put back')).toBe('passed');
    expect(properties).toMatchObject({ seed: '7', commit: '3f8e21c', 'tolerance checkout p95': '50ms' });
  });

  it('skips what is not decided, and what is broken but decides nothing, with the reason', () => {
    const { cases } = read(junitXml(sampleResult()));
    const browse = cases.find(({ name }) => name.startsWith('browse p99'));
    expect(browse?.states).toEqual(['skipped']);
    expect(browse?.message).toMatch(/^inconclusive: underpowered: 1,483 arrivals/);
    const paid = cases.find(({ name }) => name.startsWith('paid at once'));
    expect(paid?.states).toEqual(['skipped']);
    expect(paid?.message).toMatch(/^broken, but of severity info/);
  });

  it('passes a passed run without a failure or an error', () => {
    expect(read(junitXml(sampleResult())).attributes).toMatchObject({ failures: '0', errors: '0' });
  });

  it('turns environment and clean-up troubles into errors', () => {
    const errored = read(junitXml(variants.errored())).cases;
    expect(stateOf(errored, 'f1 latency: takes effect')).toBe('error');
    expect(stateOf(errored, 'f2 process-kill: takes effect')).toBe('skipped');
    expect(stateOf(errored, 'verdict')).toBe('error');
    const uncleaned = read(junitXml(variants.uncleaned())).cases;
    expect(stateOf(uncleaned, 'f1 latency: is undone')).toBe('error');
    expect(stateOf(uncleaned, 'everything is put back')).toBe('error');
    expect(stateOf(read(junitXml(variants.killed())).cases, 'verdict')).toBe('error');
    expect(stateOf(read(junitXml(variants.aborted())).cases, 'verdict')).toBe('error');
  });

  it('never shows an unproven undo as passed', () => {
    const result = sampleResult();
    result.faults = result.faults.map((fault) => ({ ...fault, undoProof: null }));
    expect(stateOf(read(junitXml(result)).cases, 'f1 latency: is undone')).toBe('error');
  });

  it('fails the run itself when it failed and nothing else says so', () => {
    const result = { ...variants.failed(), slos: [] };
    expect(stateOf(read(junitXml(result)).cases, 'verdict')).toBe('failure');
    expect(stateOf(read(junitXml(variants.failed())).cases, 'verdict')).toBe('passed');
  });

  it('skips the run that is inconclusive', () => {
    expect(stateOf(read(junitXml(variants.inconclusive())).cases, 'verdict')).toBe('skipped');
  });

  it.each(Object.entries(variants))('is well-formed for %s', (_, make) => {
    const result = make();
    expect(read(junitXml(result)).cases.length).toBeGreaterThan(2);
  });

  it('is well-formed whatever the names hold', () => {
    const base = sampleResult();
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const result = { ...base, run: { ...base.run, scenario: { ...base.run.scenario, name: text } } };
        result.slos = result.slos.map((slo) => ({ ...slo, name: text }));
        result.sentence = text;
        const { attributes } = read(junitXml(result));
        const readable = text.replaceAll(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '\uFFFD');
        expect(attributes['name']).toBe(readable);
      }),
      { numRuns: 40 },
    );
  });

  it('escapes what ends attributes and elements', () => {
    expect(escapeXml(`<a href="x" b='y'>&\n`)).toBe('&lt;a href=&quot;x&quot; b=&apos;y&apos;&gt;&amp;&#10;');
    expect(escapeXml(']]>', false)).toBe(']]&gt;');
  });
});
