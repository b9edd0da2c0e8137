import {
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  statSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf, PlimsollError, systemCodeOf } from '../support/errors.js';

/** Where a run leaves its files. All paths are absolute. */
export interface RunDirectory {
  path: string;
  events: string;
  arrivals: string;
  result: string;
  /** Undo records, before and after. */
  journal: string;
  report: string;
  junit: string;
  /** Folder of `<service>.log`. */
  logs: string;
  evidence: string;
  /** The log of one service; the name is made safe. */
  log(service: string): string;
  /** What did not work and does no harm, such as a file system without symbolic links for `latest`. */
  warnings: string[];
}

/**
 * Makes `<root>/<scenario>-<yyyymmdd-hhmmss>-<id>/` (time in UTC, so that names sort) with `logs/` and `evidence/`, and
 * points `<root>/latest` to it. Throws `run_directory_not_created`.
 */
export function createRunDirectory(root: string, scenarioName: string, runId: string, wall: Date): RunDirectory {
  const name = `${safeName(scenarioName)}-${stamp(wall)}-${safeName(runId)}`;
  const path = join(resolve(root), name);
  try {
    mkdirSync(resolve(root), { recursive: true });
    mkdirSync(path);
    mkdirSync(join(path, 'logs'));
    mkdirSync(join(path, 'evidence'));
  } catch (error) {
    throw new PlimsollError({
      code: 'run_directory_not_created',
      message: `The run directory ${path} could not be created: ${messageOf(error)}.`,
      hint: 'Choose another folder for the reports, one that is writable.',
      cause: error,
    });
  }
  const directory = paths(path);
  try {
    pointLatestTo(resolve(root), name);
  } catch (error) {
    directory.warnings.push(`${join(root, 'latest')} could not be pointed to this run: ${messageOf(error)}.`);
  }
  return directory;
}

/**
 * Finds a run that is there: its folder, `latest` (in `reports/`), the name of a folder in `reports/`, or a file of the
 * run such as its `result.json`. Throws `no_such_run` or `not_a_run` with what was looked for.
 */
export function openRunDirectory(path: string, root = 'reports'): RunDirectory {
  const found = [path, join(root, path)].find((candidate) => path !== '' && existsSync(candidate));
  if (found === undefined) {
    const { runs } = listing(root);
    throw new PlimsollError({
      code: 'no_such_run',
      message: `There is no run at "${path}".`,
      hint:
        runs.length > 0
          ? `Give the folder of a run. The newest in ${root}/: ${runs.slice(0, 3).join(', ')}.`
          : `Give the folder of a run, such as ${root}/latest; there is no run in ${root}/ yet.`,
      kind: 'usage',
    });
  }
  const real = realpathSync(found);
  const folder = statSync(real).isDirectory() ? real : dirname(real);
  const directory = paths(folder);
  if (!existsSync(directory.result) && !existsSync(directory.events)) {
    const inside = existsSync(join(folder, 'latest')) ? ` Did you mean ${join(path, 'latest')}?` : '';
    throw new PlimsollError({
      code: 'not_a_run',
      message: `"${path}" is not a run: ${folder} has neither result.json nor events.ndjson.`,
      hint: `Give a folder that \`plimsoll run\` has made.${inside}`,
      kind: 'usage',
    });
  }
  return directory;
}

/** A name that is one harmless path part on every file system: letters, digits, `.`, `_`, `-`; at most 80 characters. */
export function safeName(name: string): string {
  const ascii = name.normalize('NFKD').replace(/[\u0300-\u036f]/g, '');
  const safe = ascii
    .replace(/[^0-9A-Za-z._-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 80)
    .replace(/[-.]+$/g, '');
  return safe === '' ? 'unnamed' : safe;
}

function paths(path: string): RunDirectory {
  return {
    path,
    events: join(path, 'events.ndjson'),
    arrivals: join(path, 'arrivals.bin'),
    result: join(path, 'result.json'),
    journal: join(path, 'journal.ndjson'),
    report: join(path, 'report.html'),
    junit: join(path, 'junit.xml'),
    logs: join(path, 'logs'),
    evidence: join(path, 'evidence'),
    log: (service) => join(path, 'logs', `${safeName(service)}.log`),
    warnings: [],
  };
}

/** `yyyymmdd-hhmmss`, UTC. */
function stamp(wall: Date): string {
  const [day = '', time = ''] = wall.toISOString().split('T');
  return `${day.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}`;
}

/** A new link under another name, then renamed over the old one: `latest` is there at every moment. */
function pointLatestTo(root: string, name: string): void {
  const temporary = join(root, `.latest-${name}`);
  symlinkSync(name, temporary);
  try {
    renameSync(temporary, join(root, 'latest'));
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  }
}

/** Names of the runs in a folder, newest first. */
function listing(root: string): { runs: string[] } {
  try {
    const runs = readdirSync(root)
      .filter((name) => /-\d{8}-\d{6}-[0-9a-z]+$/.test(name))
      .sort((a, b) => timeOf(b).localeCompare(timeOf(a)));
    return { runs };
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT' || systemCodeOf(error) === 'ENOTDIR') return { runs: [] };
    throw error;
  }
}

function timeOf(name: string): string {
  return /\d{8}-\d{6}/.exec(basename(name))?.[0] ?? '';
}
