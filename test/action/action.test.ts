import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

interface Step {
  name: string;
  id?: string;
  shell?: string;
  env?: Record<string, string>;
  run?: string;
  uses?: string;
}
interface Action {
  inputs: Record<string, { default?: string; required?: boolean }>;
  outputs: Record<string, { value: string }>;
  runs: { using: string; steps: Step[] };
}

const action = parse(readFileSync('action.yml', 'utf8')) as Action;
const CLI = resolve('dist/cli.js');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plimsoll-action-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the action's own steps as a runner does: the same shell, one file of outputs a step, a failed step ends it. */
function run(inputs: Record<string, string>) {
  const values = new Map<string, string>();
  for (const [name, { default: fallback }] of Object.entries(action.inputs)) {
    values.set(`inputs.${name}`, inputs[name] ?? fallback ?? '');
  }
  const filled = (text: string): string =>
    text.replace(/\$\{\{ *([\w.-]+) *\}\}/g, (_, expression: string) => values.get(expression) ?? '');
  const summary = join(folder, 'step-summary.md');
  let log = '';
  let code = 0;
  for (const step of action.runs.steps) {
    if (step.run === undefined || code !== 0) continue;
    const script = join(folder, 'step.sh');
    const output = join(folder, `output-${step.id ?? 'none'}`);
    writeFileSync(script, step.run);
    writeFileSync(output, '');
    const done = spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', script], {
      cwd: folder,
      encoding: 'utf8',
      env: {
        ...process.env,
        ...Object.fromEntries(Object.entries(step.env ?? {}).map(([key, value]) => [key, filled(value)])),
        GITHUB_ACTIONS: 'true',
        GITHUB_OUTPUT: output,
        GITHUB_STEP_SUMMARY: summary,
        GITHUB_WORKSPACE: folder,
        RUNNER_TEMP: folder,
        XDG_STATE_HOME: join(folder, 'state'),
      },
    });
    log += done.stdout + done.stderr;
    code = done.status ?? 1;
    for (const line of readFileSync(output, 'utf8').split('\n').filter(Boolean)) {
      values.set(`steps.${step.id}.outputs.${line.slice(0, line.indexOf('='))}`, line.slice(line.indexOf('=') + 1));
    }
  }
  const outputs = Object.fromEntries(Object.entries(action.outputs).map(([name, { value }]) => [name, filled(value)]));
  return { code, log, outputs, summary: existsSync(summary) ? readFileSync(summary, 'utf8') : '' };
}

/** A system that ends at once: a whole run with its report in two seconds, and nothing is broken. */
function scenario(name: string): string {
  const file = join(folder, 'chaos', `${name}.yaml`);
  mkdirSync(join(folder, 'chaos'), { recursive: true });
  writeFileSync(
    file,
    `plimsoll: 1
name: ${name}
system:
  start: node --eval process.exit(7)
  ready: http://127.0.0.1:9/readyz
  readyTimeout: 2s
  services: { web: { process: { listening: '127.0.0.1:9' } } }
load: { rate: 10/s, deadline: 1s, requests: [{ name: home, url: 'http://127.0.0.1:9/' }] }
phases: { warmup: 1.5s, baseline: 20s, fault: 20s, recovery: 5s }
faults: [{ type: process-kill, service: web, count: 1, allowAll: true, signal: SIGKILL, comesBack: 5s }]
slos: [{ name: up, indicator: availability, objective: '>= 95%' }]
`,
  );
  return file;
}

describe('the GitHub action', { timeout: 120_000 }, () => {
  const command = `${process.execPath} ${CLI}`;

  it('runs scenarios, keeps their reports, and writes the comment and the summary', () => {
    scenario('first');
    scenario('second');
    const done = run({ scenarios: 'chaos', command });
    expect(done.code, done.log).toBe(3);
    expect(done.outputs['exit-code']).toBe('3');
    const comment = readFileSync(done.outputs['comment'] ?? '', 'utf8');
    expect(comment.match(/^### ⚠️ ERRORED: (first|second)$/gm)).toHaveLength(2);
    expect(done.summary.match(/^### /gm)).toHaveLength(2);
    expect(done.log).toMatch(/^::error file=chaos\/first\.yaml,line=1,title=errored/m);
    const reports = done.outputs['reports'] ?? '';
    expect(existsSync(join(reports, 'latest', 'report.html'))).toBe(true);
    const links = [...readFileSync(join(reports, 'index.html'), 'utf8').matchAll(/href="\.\/([^"]+)"/g)];
    expect(links).toHaveLength(2);
    for (const [, link = ''] of links) expect(existsSync(join(reports, link)), link).toBe(true);
    expect(done.log).toContain(`Index: ${join(reports, 'index.html')}`);
  });

  it('passes on what is wrong with a scenario, and has a comment all the same', () => {
    const done = run({ scenarios: 'nowhere.yaml', command });
    expect(done.code).toBe(2);
    expect(done.log).toContain('nowhere.yaml');
    expect(readFileSync(done.outputs['comment'] ?? '', 'utf8')).toContain('exit code 2');
  });

  it('takes input as text, never as a command', () => {
    const done = run({ scenarios: '$(touch${IFS}owned) `touch owned`', command, args: '; touch owned' });
    expect(done.code).toBe(2);
    expect(existsSync(join(folder, 'owned'))).toBe(false);
    for (const step of action.runs.steps) expect(step.run ?? '').not.toContain('${{');
  });

  it('uploads by an action of GitHub, and ends with the exit code of the run', () => {
    expect(action.runs.steps.map(({ uses }) => uses).filter(Boolean)).toEqual(['actions/upload-artifact@v4']);
    expect(action.runs.steps.at(-1)?.run).toBe('exit "$CODE"');
  });
});
