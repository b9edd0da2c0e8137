import { readFileSync } from 'node:fs';
import { redact } from '../record/redact.js';
import { systemClock } from '../support/clock.js';
import { commandPattern, type CommandPattern } from '../support/command-pattern.js';
import { PlimsollError } from '../support/errors.js';
import { allPids, forbiddenReason, identityOf, shownCommand, statOf } from './process.js';
import type { ProcessRef, ServicePlan } from './targets.js';

type ByCommand = Extract<ServicePlan, { how: 'command' }>;

/** A fork looks like its parent until it has become another program: a wrong number is looked at again. */
const LOOKS = 3;
const BETWEEN_LOOKS_MS = 100;
/** Of the processes that fit, an error shows so many, and so much of each command line. */
const SHOWN = 5;
const SHOWN_CHARACTERS = 200;

/**
 * The processes of this user whose command line fits, the eldest first. Plimsoll itself, its ancestors and the run's own
 * parts never count, nor do zombies and the processes of other users.
 *
 * @param own pids of the run's own parts.
 * @throws PlimsollError `no_target` if they are not exactly as many as the scenario says.
 */
export async function findByCommand(plan: ByCommand, own: ReadonlySet<number>): Promise<ProcessRef[]> {
  const pattern = commandPattern(plan.command);
  if (!pattern.ok) throw noTarget(`the command of ${plan.name} is no pattern: ${pattern.problem}`, 'Correct it.');
  let found: Found[] = [];
  for (let look = 0; look < LOOKS; look++) {
    if (look > 0) await systemClock.sleep(BETWEEN_LOOKS_MS);
    found = fitting(pattern.fits, own);
    if (found.length === plan.count) {
      return found.map(({ identity, line }, replica) => ({
        ...identity,
        service: plan.name,
        replica,
        address: undefined,
        command: shownCommand(line),
      }));
    }
  }
  throw wrongNumber(plan, found);
}

/** The pids whose command lines fit now, however many. */
export function pidsFitting(fits: CommandPattern): number[] {
  return fitting(fits, new Set()).map(({ identity }) => identity.pid);
}

interface Found {
  identity: NonNullable<ReturnType<typeof identityOf>>;
  line: string;
}

function fitting(fits: CommandPattern, own: ReadonlySet<number>): Found[] {
  return allPids()
    .flatMap((pid) => {
      const line = commandLine(pid);
      // A forbidden process is passed over in silence here: nobody has named it, a pattern has.
      if (line === '' || !fits(line) || forbiddenReason(pid, own) !== undefined || hasOwnParent(pid, own)) return [];
      const identity = identityOf(pid);
      return identity ? [{ identity, line }] : [];
    })
    .sort((a, b) => a.identity.startTime - b.identity.startTime || a.identity.pid - b.identity.pid);
}

/** A process that one of the run's own parts has started is a part as well. */
function hasOwnParent(pid: number, own: ReadonlySet<number>): boolean {
  const seen = new Set<number>();
  for (let at = statOf(pid)?.parent ?? 0; at > 1 && !seen.has(at); at = statOf(at)?.parent ?? 0) {
    // What the conductor has started is a part, and named as such, or the system under test.
    if (at === process.pid) return false;
    if (own.has(at)) return true;
    seen.add(at);
  }
  return false;
}

/** Empty for kernel threads, zombies and processes that are gone. */
function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0+$/, '').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

function wrongNumber({ name, command, count }: ByCommand, found: readonly Found[]): PlimsollError {
  const expected = `the scenario says ${count}`;
  if (found.length === 0) {
    return noTarget(
      `no process of this user has ${JSON.stringify(command)} in its command line, and ${expected} for ${name}`,
      `Is it running, and as the same user as Plimsoll? \`pgrep -af .\` shows command lines.`,
    );
  }
  const shown = found.slice(0, SHOWN).map(({ identity, line }) => `pid ${identity.pid}: ${shorten(redact(line))}`);
  const more = found.length > SHOWN ? `; and ${found.length - SHOWN} more` : '';
  return noTarget(
    `${found.length} ${found.length === 1 ? 'process fits' : 'processes fit'} the command ${JSON.stringify(command)} of ${name}, and ${expected}: ${shown.join('; ')}${more}`,
    found.length > count
      ? 'Narrow the command, for instance to `/^node worker\\.js/`, which leaves out a shell that started it; or correct `count`.'
      : 'Start the missing ones, or correct `count`.',
  );
}

function shorten(line: string): string {
  const oneLine = line.replaceAll(/\s+/g, ' ');
  return oneLine.length > SHOWN_CHARACTERS ? `${oneLine.slice(0, SHOWN_CHARACTERS)}…` : oneLine;
}

function noTarget(message: string, hint: string): PlimsollError {
  return new PlimsollError({ code: 'no_target', message, hint, kind: 'usage' });
}
