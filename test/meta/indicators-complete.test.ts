import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { indicators } from '../../src/verdict/indicators/registry.js';

const HELPERS = ['indicator', 'registry'];
const files = readdirSync('src/verdict/indicators')
  .map((name) => name.replace(/\.ts$/, ''))
  .filter((name) => !HELPERS.includes(name));
const tests = readdirSync('test/verdict')
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => readFileSync(`test/verdict/${name}`, 'utf8'))
  .join('\n');
const page = readFileSync('docs/indicators.md', 'utf8');

describe('the indicators', () => {
  it('that have a file are registered, each under the name of its file', () => {
    expect(Object.keys(indicators).sort()).toEqual(files.sort());
    for (const [type, definition] of Object.entries(indicators)) expect(definition.type).toBe(type);
  });

  it.each(files)('%s has a test and a line in docs/indicators.md', (type) => {
    expect(tests).toContain(`type: '${type}'`);
    expect(page).toContain(`| \`${type.replaceAll('-', ' ')}`);
  });
});
