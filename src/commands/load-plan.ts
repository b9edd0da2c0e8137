import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Plan } from '../plan/plan.js';
import { systemClock } from '../support/clock.js';
import { PlimsollError, systemCodeOf } from '../support/errors.js';
import type { CommandContext } from './command.js';

export interface PlanOptions {
  seed?: string;
  allowHost?: string[];
  /** False: without the noise profile, e.g. to make a new one. */
  noise?: boolean;
}

/**
 * Files and folders → plans. All files are read, parsed and checked before any is used, and all problems of all of them
 * are shown at once.
 *
 * @throws PlimsollError `scenario_invalid` after printing every problem.
 */
export async function loadPlans(paths: string[], options: PlanOptions, context: CommandContext): Promise<Plan[]> {
  const [{ discoverScenarios, parseScenario, formatProblems }, { resolvePlan }, { foresee }, { findNoise }] =
    await Promise.all([
      import('../scenario/index.js'),
      import('../plan/index.js'),
      import('../verdict/power.js'),
      import('../plan/noise.js'),
    ]);
  const seed = parseSeed(options.seed);
  const plans: Plan[] = [];
  let problems = 0;
  for (const file of discoverScenarios(paths, context.cwd)) {
    const parsed = parseScenario(readScenario(file), file, context.env, importsOf(file));
    const shown = [...parsed.problems];
    if (parsed.scenario && shown.length === 0) {
      const resolved = resolvePlan(parsed.scenario, {
        allowHosts: options.allowHost ?? [],
        cwd: context.cwd,
        foresee,
        ...(options.noise === false ? {} : { findNoise: (about) => findNoise({ ...about, now: systemClock.wall() }) }),
        ...(seed === undefined ? {} : { seed }),
      });
      if (resolved.plan) plans.push(resolved.plan);
      shown.push(...resolved.problems);
    }
    if (shown.length > 0) context.err(formatProblems(shown, { colour: context.terminal.colour }));
    problems += shown.length;
  }
  if (problems > 0) {
    throw new PlimsollError({
      kind: 'usage',
      code: 'scenario_invalid',
      message: `${problems} ${problems === 1 ? 'problem' : 'problems'} in the scenario; nothing was injected`,
    });
  }
  return plans;
}

export function readScenario(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new PlimsollError({
      kind: 'usage',
      code: 'cannot_read',
      message: `${file} cannot be read: ${systemCodeOf(error) ?? String(error)}`,
      hint: 'Check the path.',
      cause: error,
    });
  }
}

/** Files that a scenario names are looked for in its own folder. */
export function importsOf(scenario: string): (path: string) => string {
  return (path) => readFileSync(resolve(dirname(scenario), path), 'utf8');
}

function parseSeed(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seed = Number(text);
  if (!Number.isInteger(seed) || seed < 0 || seed > 2 ** 32 - 1) {
    throw new PlimsollError({
      kind: 'usage',
      code: 'bad_seed',
      message: `--seed ${text} is not a whole number from 0 to 4294967295`,
    });
  }
  return seed;
}
