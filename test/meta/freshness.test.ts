import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { generatedFiles } from '../../src/generated-files.js';

describe('what is generated from the code', async () => {
  const files = await generatedFiles();

  it.each([...files.keys()])('%s is as `npm run generate` would write it', (path) => {
    expect(readFileSync(path, 'utf8')).toBe(files.get(path));
  });

  it('is the same each time', async () => {
    expect(await generatedFiles()).toEqual(files);
  });

  it('leaves no page of a fault behind that is gone', () => {
    const expected = [...files.keys()].filter((path) => path.startsWith('docs/faults/'));
    expect(readdirSync('docs/faults').map((name) => `docs/faults/${name}`)).toEqual(expected.sort());
  });
});
