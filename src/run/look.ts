import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { z } from 'zod';
import type { Plan } from '../plan/plan.js';
import { lookAfter, looksOf } from '../plan/trial-order.js';
import { WRITTEN_AFTER_MS } from '../record/arrivals.js';
import type { EventLog } from '../record/event-log.js';
import type { RunDirectory } from '../record/run-directory.js';
import { formatMs } from '../support/units.js';
import { JUDGE } from './finish.js';

const Verdicts = z.array(
  z.object({
    name: z.string(),
    severity: z.enum(['critical', 'warning', 'info']),
    verdict: z.enum(['passed', 'failed', 'inconclusive']),
  }),
);

/** Is a look planned after this trial (from 1), before the end of the run? */
export function isLookDue(plan: Pick<Plan, 'trials' | 'decideEarly'>, trial: number): boolean {
  return looksOf(plan) > 1 && trial < plan.trials && lookAfter(trial) !== undefined;
}

/** How long after a window's end all that was due in it has ended and is in the file, microseconds. */
export function settlingUs(plan: Plan): number {
  const deadlines = plan.load.streams.flatMap(({ requests }) => requests.map(({ deadlineMs }) => deadlineMs));
  return (Math.max(0, ...deadlines) + WRITTEN_AFTER_MS) * 1000;
}

/**
 * A planned look at the verdict while the run goes on, in a process of its own. It is decided when a critical SLO failed, or
 * when all of them passed, at the stricter level of this look. What it found goes into the log.
 */
export async function takeLook(options: {
  plan: Plan;
  trial: number;
  directory: RunDirectory;
  log: EventLog;
  signal: AbortSignal;
}): Promise<boolean> {
  const { plan, trial, directory, log, signal } = options;
  const of = looksOf(plan);
  const look = lookAfter(trial) ?? 1;
  const part = join(directory.path, 'look.json.part');
  await execa(process.execPath, [JUDGE, directory.path, String(look), String(of)], {
    stdin: 'ignore',
    stdout: 'ignore',
    detached: true,
    cancelSignal: signal,
  });
  const verdicts = Verdicts.parse(JSON.parse(readFileSync(part, 'utf8')));
  rmSync(part, { force: true });
  const critical = verdicts.filter(({ severity }) => severity === 'critical');
  const failed = critical.filter(({ verdict }) => verdict === 'failed').map(({ name }) => name);
  const open = critical.filter(({ verdict }) => verdict === 'inconclusive').map(({ name }) => name);
  const decided = failed.length > 0 || (critical.length > 0 && open.length === 0);
  const { warmupMs, baselineMs, faultMs, recoveryMs } = plan.phases;
  const leftMs = (plan.trials - trial) * (warmupMs + baselineMs + faultMs + recoveryMs);
  const where = `look ${look} of ${of}, after ${trial} of ${plan.trials} trials`;
  const why = failed.length > 0 ? `failed: ${failed.join(', ')}` : 'every critical SLO passed';
  const message = decided
    ? `decided early at ${where} (${why}): about ${formatMs(leftMs)} saved`
    : `${where}: not decided yet${open.length > 0 ? ` (${open.join(', ')})` : ''}`;
  log.append('look.taken', { look, of, trials: trial, decided, savedS: decided ? leftMs / 1000 : 0, message });
  if (decided) log.append('warning', { code: 'decided_early', message });
  return decided;
}
