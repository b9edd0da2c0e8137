import { execa } from 'execa';
import type { InvariantPlan, Plan } from '../plan/plan.js';
import type { EventLog } from '../record/event-log.js';
import type { EventBody } from '../record/events.js';
import { commandWords } from '../support/command-line.js';
import { messageOf } from '../support/errors.js';

/** Checks all invariants of a plan, one after another, and writes down what each found. */
export async function checkInvariants(
  { system, invariants }: Pick<Plan, 'system' | 'invariants'>,
  log: EventLog,
  signal: AbortSignal,
): Promise<void> {
  for (const invariant of invariants)
    log.append('invariant.checked', await checkInvariant(invariant, { cwd: system.cwd, env: system.env, signal }));
}

/** Runs one invariant's command and compares. A command that cannot be run or read is a violation that says so. */
export async function checkInvariant(
  invariant: InvariantPlan,
  options: { cwd: string; env: Record<string, string>; signal: AbortSignal },
): Promise<EventBody<'invariant.checked'>> {
  const expected = expectedText(invariant);
  let stdout: string;
  try {
    const [program, ...args] = commandWords(invariant.command);
    const result = await execa(program, args, {
      cwd: options.cwd,
      env: options.env,
      timeout: invariant.timeLimitMs,
      cancelSignal: options.signal,
      stdin: 'ignore',
      maxBuffer: 1024 * 1024,
      cleanup: true,
    });
    stdout = result.stdout;
  } catch (error) {
    return violated(
      messageOf(error).split('\n')[0] ?? 'the command failed',
      `the command of "${invariant.name}" failed`,
    );
  }
  if (!invariant.equals)
    return { name: invariant.name, held: true, expected, found: 'exit 0', message: 'the command exited with 0' };

  let found: unknown;
  try {
    found = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  } catch {
    return violated(stdout.trim().slice(0, 200), `the last line of the output of "${invariant.name}" is not JSON`);
  }
  const wrong = Object.entries(invariant.equals).filter(([key, value]) => !same(valueAt(found, key), value));
  const shown = Object.keys(invariant.equals).map((key) => `${key}: ${JSON.stringify(valueAt(found, key))}`);
  if (wrong.length === 0) {
    return {
      name: invariant.name,
      held: true,
      expected,
      found: shown.join(', '),
      message: `${invariant.name}: ${shown.join(', ')}`,
    };
  }
  const words = wrong.map(
    ([key, value]) =>
      `${key} is ${JSON.stringify(valueAt(found, key)) ?? 'missing'}, expected ${JSON.stringify(value)}`,
  );
  return violated(shown.join(', '), `${invariant.name}: ${words.join('; ')}`);

  function violated(what: string, message: string): EventBody<'invariant.checked'> {
    return { name: invariant.name, held: false, expected, found: what, message };
  }
}

/** What must hold, in words. */
export function expectedText(invariant: InvariantPlan): string {
  if (!invariant.equals) return 'exit 0';
  return Object.entries(invariant.equals)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
    .join(', ');
}

function valueAt(document: unknown, path: string): unknown {
  let value = document;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
