import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { faults } from '../../src/faults/registry.js';
import { parseScenario } from '../../src/scenario/index.js';

const files = readdirSync('src/faults', { withFileTypes: true })
  .filter((entry) => entry.isFile() && !['fault.ts', 'registry.ts'].includes(entry.name))
  .map(({ name }) => name.replace(/\.ts$/, ''));
const tests = readdirSync('test/faults')
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => readFileSync(`test/faults/${name}`, 'utf8'));

describe('the faults', () => {
  it('that have a file are registered, each once and under the name of its file', () => {
    expect(faults.map(({ type }) => type).sort()).toEqual(files.sort());
  });

  describe.each(faults.map((fault) => [fault.type, fault] as const))('%s', (type, fault) => {
    it('has a test', () => {
      expect(tests.some((text) => text.includes(`/faults/${type}.js'`) || text.includes(`'${type}'`))).toBe(true);
    });

    it('has a scenario of its own that uses it', () => {
      const file = `scenarios/${type}.yaml`;
      const { scenario, problems } = parseScenario(readFileSync(file, 'utf8'), file, {});
      expect(problems).toEqual([]);
      expect(scenario?.faults.map((entry) => entry.type)).toContain(type);
    });

    it('has a page that describes every setting', () => {
      expect(existsSync(`docs/faults/${type}.md`)).toBe(true);
      const page = readFileSync(`docs/faults/${type}.md`, 'utf8');
      for (const [name, setting] of Object.entries(fault.settings.shape)) {
        expect(setting.description ?? '', `${type}.${name}`).not.toBe('');
        expect(page).toContain(`| \`${name}\``);
      }
    });
  });
});
