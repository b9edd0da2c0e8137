import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { faults } from '../../src/faults/registry.js';
import { checkMachine } from '../../src/run/doctor.js';
import { pingDocker } from '../../src/targets/docker.js';

const state = process.env['XDG_STATE_HOME'];
const host = process.env['DOCKER_HOST'];
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plimsoll-doctor-'));
});

afterEach(() => {
  restore('XDG_STATE_HOME', state);
  restore('DOCKER_HOST', host);
  rmSync(folder, { recursive: true, force: true });
});

it('says for each fault whether this machine can do it', async () => {
  process.env['XDG_STATE_HOME'] = join(folder, 'state');
  const findings = await checkMachine();
  expect(findings.map(({ fault }) => fault)).toEqual(expect.arrayContaining(faults.map(({ type }) => type)));
  expect(findings.find(({ fault }) => fault === 'latency')).toMatchObject({ possible: true });
  expect(findings.find(({ fault }) => fault === 'process-kill')).toMatchObject({
    possible: process.platform === 'linux',
  });
  for (const finding of findings.filter(({ possible }) => !possible)) expect(finding.why, finding.fault).toBeTruthy();
});

it('says that nothing can be injected where the register cannot be written, and how to mend it', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  process.env['XDG_STATE_HOME'] = file;
  const findings = await checkMachine();
  expect(findings.find(({ fault }) => fault === 'latency')).toMatchObject({ possible: false });
  expect(findings[0]?.mend).toContain('XDG_STATE_HOME');
});

it('gives the reason when no Docker Engine answers', async () => {
  process.env['DOCKER_HOST'] = 'unix:///nowhere/docker.sock';
  expect(await pingDocker()).toEqual({
    ok: false,
    reason: 'there is no Docker socket at DOCKER_HOST=unix:///nowhere/docker.sock',
  });
});

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
