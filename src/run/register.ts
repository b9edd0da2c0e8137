import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ProcessIdentity } from '../record/undo.js';
import type { LinkPlan, ServicePlan } from '../targets/targets.js';
import { selectorWords } from '../targets/container.js';
import { isAlive } from '../targets/process.js';
import { Selector } from './same-targets.js';
import { PlimsollError, messageOf, systemCodeOf } from '../support/errors.js';

const RunId = z
  .string()
  .regex(/^[A-Za-z0-9_.-]+$/)
  .refine((id) => !/^\.+$/.test(id));

export const RegisterEntry = z.object({
  v: z.literal(1).default(1),
  runId: RunId,
  journalPath: z.string(),
  /** The run directory. */
  directory: z.string(),
  conductor: ProcessIdentity,
  watchdog: ProcessIdentity,
  /** What the run may hurt, as `targetKeys` writes it: two runs must not share one. */
  targets: z.array(z.string()),
  /** How it finds them: another run may find the same process or container in another way. */
  selectors: z.array(Selector).default([]),
});
export type RegisterEntry = z.infer<typeof RegisterEntry>;

export interface ActiveRun {
  entry: RegisterEntry;
  /** `abandoned`: conductor and watchdog are both gone, and nobody undid what it left. */
  state: 'live' | 'abandoned';
}

export interface Conflict extends ActiveRun {
  /** Targets that both runs name alike. */
  shared: string[];
}

/** Enters a run into the machine-wide register: `$XDG_STATE_HOME/plimsoll/active/<run>.json`. */
export function register(entry: z.input<typeof RegisterEntry>): void {
  const checked = RegisterEntry.parse(entry);
  const folder = registerFolder();
  const file = join(folder, `${checked.runId}.json`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Whole or not at all: another run may read it at any moment.
    const draft = `${file}.${process.pid}.tmp`;
    writeFileSync(draft, `${JSON.stringify(checked, null, 2)}\n`, { mode: 0o600, flush: true });
    renameSync(draft, file);
  } catch (error) {
    throw new PlimsollError({
      code: 'register_failed',
      message: `the register ${file} cannot be written: ${messageOf(error)}`,
      hint: 'Set XDG_STATE_HOME to a folder that can be written; without the register `plimsoll recover` could not find this run.',
      cause: error,
    });
  }
}

/** Takes a run out of the register. Fine if it is not there. */
export function unregister(runId: string): void {
  rmSync(join(registerFolder(), `${RunId.parse(runId)}.json`), { force: true });
}

/**
 * All runs in the register.
 *
 * @throws PlimsollError `register_damaged` for a file that can't be understood: it may stand for a fault that is active.
 */
export function listActive(): ActiveRun[] {
  let names: string[];
  try {
    names = readdirSync(registerFolder()).filter((name) => name.endsWith('.json'));
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
  return names.sort().flatMap((name) => {
    const entry = readEntry(join(registerFolder(), name));
    if (!entry) return [];
    const live = isAlive(entry.conductor) || isAlive(entry.watchdog);
    return [{ entry, state: live ? ('live' as const) : ('abandoned' as const) }];
  });
}

/** All other runs, with the targets that are named alike. */
export function others(targets: readonly string[], ownRunId?: string): Conflict[] {
  return listActive()
    .filter(({ entry }) => entry.runId !== ownRunId)
    .map((run) => ({ ...run, shared: run.entry.targets.filter((target) => targets.includes(target)) }));
}

/** What keeps a new run from starting: any abandoned run, and live ones that share a target by name. */
export function conflicts(targets: readonly string[], ownRunId?: string): Conflict[] {
  return others(targets, ownRunId).filter(({ state, shared }) => state === 'abandoned' || shared.length > 0);
}

/** The names under which a run registers what it may hurt. */
export function targetKeys(system: { links: readonly LinkPlan[]; services: readonly ServicePlan[] }): string[] {
  const services = system.services.flatMap((service) => {
    switch (service.how) {
      case 'listening':
      case 'run':
        return service.addresses.map((address) => `listening ${plain(address)}`);
      case 'pid':
        return [`pid ${service.pid}`];
      case 'pidfile':
        return [`pidfile ${service.file}`];
      case 'command':
        return [`command ${service.command}`];
      case 'container':
        return [selectorWords(service.container)];
      case 'none':
        return [];
    }
  });
  return [...new Set([...system.links.map((link) => `listening ${plain(link.listen)}`), ...services])];
}

export function registerFolder(): string {
  const state = process.env['XDG_STATE_HOME'];
  return join(state?.startsWith('/') ? state : join(homedir(), '.local', 'state'), 'plimsoll', 'active');
}

function plain(address: string): string {
  return address.replace(/^localhost:/, '127.0.0.1:');
}

function readEntry(file: string): RegisterEntry | undefined {
  let problem: string;
  try {
    const parsed = RegisterEntry.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    if (parsed.success) return parsed.data;
    problem = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined; // Ended between listing and reading.
    problem = messageOf(error);
  }
  throw new PlimsollError({
    code: 'register_damaged',
    message: `${file} should name an active run, but cannot be understood: ${problem}`,
    hint: 'Look whether a fault of that run is still active (`plimsoll recover --toxiproxy URL --run ID`), then delete the file.',
  });
}
