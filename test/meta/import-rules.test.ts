import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** A tree with the project's own rules and just these files. */
function treeWith(files: Record<string, string>): string {
  const folder = mkdtempSync(join(resolve('.'), '.import-rules-'));
  folders.push(folder);
  copyFileSync('.dependency-cruiser.cjs', join(folder, '.dependency-cruiser.cjs'));
  copyFileSync('tsconfig.json', join(folder, 'tsconfig.json'));
  copyFileSync('package.json', join(folder, 'package.json'));
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

function cruise(folder: string): { status: number | null; output: string } {
  const { status, stdout } = spawnSync(
    process.execPath,
    [
      resolve('node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
      '--config',
      '.dependency-cruiser.cjs',
      'src',
    ],
    { cwd: folder, encoding: 'utf8' },
  );
  return { status, output: stdout };
}

describe('the import rules', () => {
  it('hold in the project, over all of its files', () => {
    const output = execFileSync(
      process.execPath,
      [
        'node_modules/dependency-cruiser/bin/dependency-cruise.mjs',
        '--config',
        '.dependency-cruiser.cjs',
        'src',
        'examples/shop/src',
      ],
      { encoding: 'utf8' },
    );
    const modules = Number(/\((\d+) modules/.exec(output)?.[1]);
    expect(modules).toBeGreaterThan(100);
  });

  it.each([
    [
      'a room that reaches into another',
      {
        'src/verdict/a.ts': "import type { B } from '../record/b.js';\nexport type A = B;\n",
        'src/record/b.ts': 'export type B = 1;\n',
      },
      'room-verdict',
    ],
    [
      'judging that reads the disk',
      { 'src/verdict/a.ts': "import { readFileSync } from 'node:fs';\nexport const a = readFileSync;\n" },
      'verdict-is-pure',
    ],
    [
      'something that imports the command line',
      {
        'src/run/a.ts': "import { c } from '../commands/c.js';\nexport const a = c;\n",
        'src/commands/c.ts': 'export const c = 1;\n',
      },
      'nothing-imports-the-command-line',
    ],
    [
      'a cycle',
      {
        'src/run/a.ts': "import { b } from './b.js';\nexport const a = () => b;\n",
        'src/run/b.ts': "import { a } from './a.js';\nexport const b = () => a;\n",
      },
      'no-cycles',
    ],
    [
      'a fault that talks to Docker by itself',
      { 'src/faults/a.ts': "import Docker from 'dockerode';\nexport const a = Docker;\n" },
      'only-targets-talk-to-toxiproxy-and-docker',
    ],
  ])('find %s', (_, files, rule) => {
    const { status, output } = cruise(treeWith(files as Record<string, string>));
    expect(output).toContain(rule);
    expect(status).not.toBe(0);
  });
});
