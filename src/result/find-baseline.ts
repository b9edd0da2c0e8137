import { PlimsollError } from '../support/errors.js';
import { runsIn } from './runs-in.js';
import type { RunResult } from './schema.js';

/**
 * The newest run of the same scenario on a branch that came to its end and was decided.
 *
 * @throws PlimsollError `no_baseline` with what was looked at
 */
export function latestOn(branch: string, folder: string, run: RunResult): RunResult {
  const seen = { others: 0, branches: new Set<string>(), unreadable: [] as string[] };
  let best: RunResult | undefined;
  for (const { name, result: candidate, unreadable } of runsIn(folder)) {
    if (!candidate) {
      seen.unreadable.push(`${name}: ${unreadable}`);
      continue;
    }
    if (candidate.run.scenario.name !== run.run.scenario.name || candidate.run.id === run.run.id) continue;
    seen.others++;
    const on = candidate.run.environment.gitBranch;
    if (on !== undefined) seen.branches.add(on);
    const decided = candidate.run.complete && candidate.verdict !== 'errored' && candidate.verdict !== 'aborted';
    if (on !== branch || !decided) continue;
    if (!best || candidate.run.startedAt > best.run.startedAt) best = candidate;
  }
  if (best) return best;
  const branches = [...seen.branches].join(', ');
  throw new PlimsollError({
    code: 'no_baseline',
    message: `there is no finished run of ${run.run.scenario.name} on the branch ${branch} in ${folder} (${seen.others} other runs of it${branches ? `, on ${branches}` : ''}${seen.unreadable[0] ? `; not readable: ${seen.unreadable[0]}` : ''})`,
    hint: `Run it on ${branch} and keep its run directory, or name a run: plimsoll compare <run> <baseline run>.`,
  });
}
