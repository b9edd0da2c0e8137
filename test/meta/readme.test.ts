import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const README = readFileSync('README.md', 'utf8');
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'examples/shop/README.md',
  'examples/redis/README.md',
  'examples/etcd/README.md',
  'scenarios/README.md',
  'reports/README.md',
  ...pagesIn('docs'),
];

function pagesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
}

describe('the README', () => {
  it('shows the first scenario as it is', () => {
    const file = readFileSync('docs/first-scenario.yaml', 'utf8');
    expect(README).toContain(file.slice(file.indexOf('plimsoll: 1')));
  });

  it('names only commands that exist', async () => {
    const { commands } = await import('../../src/commands/registry.js');
    const known: string[] = [];
    const program = { command: (name: string) => (known.push(name), chain) } as never;
    const chain: never = new Proxy({}, { get: () => () => chain }) as never;
    for (const command of commands) command.register(program, {} as never);
    const named = [...README.matchAll(/`plimsoll ([a-z]+)/g)].map((match) => match[1] ?? '');
    expect(known.sort()).toEqual([...new Set(known)].sort());
    for (const name of named) expect(known).toContain(name);
    for (const name of known) expect(README).toContain(`plimsoll ${name}`);
  });
});

describe('links between the pages', () => {
  it.each(pages)('%s leads to files that exist', (page) => {
    const text = readFileSync(page, 'utf8').replaceAll(/```[\s\S]*?```/g, '');
    const targets = [...text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? '');
    const broken = targets.filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(dirname(page), target)));
    expect(broken).toEqual([]);
  });
});
