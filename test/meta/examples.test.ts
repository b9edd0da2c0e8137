import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseScenario } from '../../src/scenario/index.js';

/** The shop has tests of its own. */
const folders = readdirSync('examples', { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'shop')
  .map(({ name }) => join('examples', name));

describe.each(folders)('%s', (folder) => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

  it('has scenarios without problems, which name only programs that are there', () => {
    expect(files.length).toBeGreaterThan(0);
    for (const name of files) {
      const file = join(folder, name);
      const text = readFileSync(file, 'utf8');
      const { scenario, problems } = parseScenario(text, file, {});
      expect(problems, file).toEqual([]);
      expect(scenario?.faults.length, file).toBeGreaterThan(0);
      const programs = [...text.matchAll(/node (\S+\.js)/g)].map((match) => match[1] ?? '');
      expect(programs.filter((program) => !existsSync(program))).toEqual([]);
    }
  });

  it('has a page that says how to run each of them', () => {
    const page = readFileSync(join(folder, 'README.md'), 'utf8');
    for (const name of files) expect(page).toContain(`npx plimsoll run ${join(folder, name)}`);
  });
});
