import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

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

/** What each rule must find, in one of the files. */
const WRONG: { what: string; files: Record<string, string>; rule: string }[] = [
  {
    what: 'a room that reaches into another',
    files: {
      'src/verdict/reaches.ts': "import type { B } from '../record/kept.js';\nexport type A = B;\n",
      'src/record/kept.ts': 'export type B = 1;\n',
    },
    rule: 'room-verdict',
  },
  {
    what: 'judging that reads the disk',
    files: { 'src/verdict/reads.ts': "import { readFileSync } from 'node:fs';\nexport const a = readFileSync;\n" },
    rule: 'verdict-is-pure',
  },
  {
    what: 'something that imports the command line',
    files: {
      'src/run/command.ts': "import { c } from '../commands/c.js';\nexport const a = c;\n",
      'src/commands/c.ts': 'export const c = 1;\n',
    },
    rule: 'nothing-imports-the-command-line',
  },
  {
    what: 'a cycle',
    files: {
      'src/run/there.ts': "import { b } from './back.js';\nexport const a = () => b;\n",
      'src/run/back.ts': "import { a } from './there.js';\nexport const b = () => a;\n",
    },
    rule: 'no-cycles',
  },
  {
    what: 'a fault that talks to Docker by itself',
    files: { 'src/faults/docker.ts': "import Docker from 'dockerode';\nexport const a = Docker;\n" },
    rule: 'only-targets-talk-to-toxiproxy-and-docker',
  },
];

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

  // One tree with all of the faults in it: each start of the checker costs seconds.
  describe('find', () => {
    let found: { status: number | null; output: string };
    beforeAll(() => {
      found = cruise(treeWith(Object.assign({}, ...WRONG.map(({ files }) => files)) as Record<string, string>));
    }, 60_000);

    it.each(WRONG.map(({ what, files, rule }) => [what, Object.keys(files), rule] as const))('%s', (_, files, rule) => {
      expect(found.status).not.toBe(0);
      const lines = found.output.split('\n').filter((line) => files.some((file) => line.includes(`: ${file}`)));
      expect(lines.join('\n')).toContain(`error ${rule}: `);
    });

    it('nothing in a file that keeps the rules', () => {
      expect(found.output).not.toMatch(/error \S+: src\/record\/kept/);
    });
  });
});
