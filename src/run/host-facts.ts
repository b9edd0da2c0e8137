import { arch, cpus, platform, release, totalmem } from 'node:os';
import { execa } from 'execa';
import type { EventBody } from '../record/events.js';
import { ownVersion } from '../support/version.js';

/** Versions of what the run's truth rests on. */
export function versions(): Record<string, string> {
  return {
    plimsoll: ownVersion(),
    node: process.versions.node,
    v8: process.versions.v8,
    openssl: process.versions.openssl,
  };
}

export function hostFacts(): EventBody<'run.started'>['host'] {
  const processors = cpus();
  return {
    platform: platform(),
    release: release(),
    arch: arch(),
    cpus: processors.length,
    cpuModel: processors[0]?.model.trim() ?? 'unknown',
    memoryBytes: totalmem(),
  };
}

/** The commit of the working folder, with `+` when it holds changes; undefined outside a repository. */
export async function gitCommit(cwd: string): Promise<string | undefined> {
  const git = async (...args: string[]) => execa('git', args, { cwd, reject: false, timeout: 5000, stderr: 'ignore' });
  const head = await git('rev-parse', '--short=12', 'HEAD');
  if (head.exitCode !== 0) return undefined;
  const status = await git('status', '--porcelain', '--untracked-files=no');
  return `${head.stdout.trim()}${status.stdout.trim() ? '+' : ''}`;
}

/**
 * The branch of the working folder. CI systems check out a commit without one and name it in the environment; undefined
 * where nobody says.
 */
export async function gitBranch(
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const result = await execa('git', ['symbolic-ref', '--quiet', '--short', 'HEAD'], {
    cwd,
    reject: false,
    timeout: 5000,
    stderr: 'ignore',
  });
  const named = result.exitCode === 0 ? result.stdout.trim() : '';
  // In pull requests GitHub's HEAD_REF is the branch, REF_NAME the number.
  return named || env['GITHUB_HEAD_REF'] || env['GITHUB_REF_NAME'] || env['CI_COMMIT_REF_NAME'] || undefined;
}
