import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { detectProject } from '../../src/init/detect.js';
import { firstScenario } from '../../src/init/first-scenario.js';
import { githubWorkflow } from '../../src/init/workflow.js';
import { resolvePlan } from '../../src/plan/index.js';
import { parseScenario, type Scenario } from '../../src/scenario/index.js';
import { ATTACKS } from '../support/sample-result.js';

let folder: string;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'plimsoll-init-')));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Somebody else's project. */
function project(name: string, files: Record<string, string>): string {
  const root = join(folder, name);
  mkdirSync(root, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

/** The scenario that is written for a project; it must have no problem at all. */
function written(root: string, port = 3000): { text: string; scenario: Scenario } {
  const facts = detectProject(root);
  const text = firstScenario(facts, { url: `http://127.0.0.1:${facts.port ?? port}`, name: 'first' });
  const { scenario, problems } = parseScenario(text, 'first.yaml', {});
  expect(problems, text).toEqual([]);
  if (!scenario) throw new Error('no scenario');
  expect(resolvePlan(scenario, { allowHosts: scenario.allow, cwd: root }).problems, text).toEqual([]);
  return { text, scenario };
}

describe('a first scenario', () => {
  it('of a Node.js service with a database and a cache: started by Plimsoll, both dialled through links', () => {
    const root = project('shop-api', {
      'package.json': JSON.stringify({ name: '@acme/shop-api', scripts: { start: 'PORT=4000 node server.js' } }),
      '.env':
        'DATABASE_URL="postgres://app:geheim@localhost:5432/shop"\nREDIS_URL=redis://127.0.0.1:6380/1\nLOG=info\n',
    });
    const { text, scenario } = written(root);
    expect(scenario.system.start).toBe('npm start');
    expect(scenario.system.toxiproxy).toBeUndefined();
    expect(Object.keys(scenario.system.links)).toEqual(['shop-api-postgres', 'shop-api-redis']);
    expect(scenario.system.links['shop-api-redis']).toMatchObject({ protocol: 'redis' });
    expect(scenario.system.env).toMatchObject({ REDIS_URL: 'redis://127.0.0.1:16380/1' });
    expect(text).toContain('http://127.0.0.1:4000/');
    // A scenario goes into version control.
    expect(text).not.toContain('geheim');
  });

  it('of a Compose project: running already, with links to what it publishes', () => {
    const root = project('bookings', {
      'compose.yaml': `services:
  web: { build: ., ports: ['127.0.0.1:8080:80'], environment: { DB: db } }
  db: { image: 'docker.io/library/postgres:16', ports: [{ target: 5432, published: '5433' }] }
  cache: { image: 'redis:7' }
`,
      'package.json': JSON.stringify({ name: 'bookings', scripts: { start: 'node .' } }),
    });
    const { text, scenario } = written(root);
    expect(scenario.system.start).toBeUndefined();
    expect(scenario.system.toxiproxy).toBe('http://127.0.0.1:8474');
    expect(text).toContain(
      'bookings-db: { from: bookings, to: db, listen: 127.0.0.1:15433, upstream: 127.0.0.1:5433 }',
    );
    expect(text).toContain('cache (redis) publishes no port');
    expect(text).toContain('ready: http://127.0.0.1:8080/');
  });

  it('of a service that just listens: found by its port, with the link in front of it', async () => {
    const root = project('legacy', {
      'server.mjs': `import { createServer } from 'node:http';
const server = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1', () => console.log(server.address().port));`,
    });
    const child = spawn(process.execPath, ['server.mjs'], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    const port = Number(
      await new Promise<string>((settle) => child.stdout.once('data', (data: Buffer) => settle(data.toString()))),
    );
    const facts = detectProject(root);
    if (existsSync('/proc/self/net/tcp')) expect(facts.port).toBe(port);
    const { scenario } = written(root, port);
    expect(Object.keys(scenario.system.links)).toEqual(['client-legacy']);
    expect(scenario.faults[0]).toMatchObject({ type: 'latency' });
  });

  it('of a project that says nothing, or nonsense, is still valid', () => {
    written(project('empty', {}));
    written(
      project('1234', { 'package.json': '{ broken', 'compose.yml': 'services: [1, 2', '.env': '\u0000=\nPORT=x\n' }),
    );
    ATTACKS.forEach((attack, at) => {
      const { text } = written(
        project(`attacked-${at}`, {
          'package.json': JSON.stringify({ name: attack, scripts: { start: attack } }),
          '.env': `REDIS_URL=redis://localhost:6379/${attack}\nPORT=${attack}\n`,
          'compose.yaml': JSON.stringify({ services: { [attack]: { image: 'mysql', ports: ['3307:3306'] } } }),
        }),
      );
      expect(text.split('\n').filter((line) => /^plimsoll: 1$/.test(line))).toHaveLength(1);
    });
  });
});

describe('the workflow', () => {
  it('is YAML that runs the scenarios and keeps the reports, whatever the folder is called', () => {
    const flow = parse(githubWorkflow('chaos/')) as {
      jobs: { plimsoll: { steps: { run?: string; uses?: string }[] } };
    };
    expect(flow.jobs.plimsoll.steps.map(({ run }) => run)).toContain('npx plimsoll run "chaos/"');
    expect(flow.jobs.plimsoll.steps.at(-1)?.uses).toMatch(/^actions\/upload-artifact@/);
  });
});

describe('plimsoll init', { timeout: 120_000 }, () => {
  const init = (...argv: string[]) =>
    spawnSync(process.execPath, [resolve('dist/cli.js'), 'init', ...argv], { cwd: folder, encoding: 'utf8' });

  it('writes both files, says what it found and what comes next, and replaces nothing unasked', () => {
    project('a', { 'package.json': JSON.stringify({ name: 'a', scripts: { dev: 'vite --port 5173' } }) });
    const done = init('a', '--name', 'Slow Database');
    expect(done.status, done.stderr).toBe(0);
    expect(done.stdout).toContain('found    package.json: script "dev" starts it');
    expect(done.stdout).toContain('wrote    a/chaos/slow-database.yaml');
    expect(done.stdout).toContain('npx plimsoll plan a/chaos/slow-database.yaml');
    expect(readFileSync(join(folder, 'a/.github/workflows/plimsoll.yml'), 'utf8')).toContain('npx plimsoll run');
    writeFileSync(join(folder, 'a/chaos/slow-database.yaml'), 'mine');
    const again = init('a', '--name', 'slow-database');
    expect(again.status).toBe(2);
    expect(again.stderr).toContain('error[file_exists]');
    expect(readFileSync(join(folder, 'a/chaos/slow-database.yaml'), 'utf8')).toBe('mine');
  });

  it('refuses what makes no sense', () => {
    expect(init('nowhere').stderr).toContain('error[no_such_folder]');
    expect(init('.', '--url', 'ftp://x').stderr).toContain('error[bad_url]');
  });
});
