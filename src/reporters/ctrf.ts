import type { RunResult } from '../result/schema.js';
import { casesOf, type Case } from './cases.js';
import { writeOutput } from './output-file.js';
import type { ReporterDefinition } from './reporter.js';
import { clean } from './text.js';

/** Common Test Report Format (ctrf.io), for tools that gather test reports of many kinds. */
const ctrf: ReporterDefinition = {
  name: 'ctrf',
  description: 'Common Test Report Format, JSON (ctrf-report.json)',
  create: (output) => ({
    onEnd: (result) => writeOutput(output, 'ctrf-report.json', `${JSON.stringify(ctrfReport(result), null, 2)}\n`),
  }),
};
export default ctrf;

/** CTRF has no word for "the environment broke": `other`, with ours in `rawStatus`. */
const STATUS = { passed: 'passed', failure: 'failed', skipped: 'skipped', error: 'other' } as const;

/** The same cases as in JUnit, in the form of CTRF's schema 0.0. Times in milliseconds. */
export function ctrfReport(result: RunResult): object {
  const { run } = result;
  const cases = casesOf(result);
  const count = (state: Case['state']): number => cases.filter((item) => item.state === state).length;
  const start = Math.max(0, Date.parse(run.startedAt) || 0);
  const duration = milliseconds(run.durationS);
  const { host, gitCommit, versions } = run.environment;
  const suite = clean(run.scenario.name) || 'unnamed';
  return {
    reportFormat: 'CTRF',
    specVersion: '0.0.0',
    generatedBy: 'plimsoll',
    results: {
      tool: { name: 'plimsoll', ...(versions['plimsoll'] === undefined ? {} : { version: versions['plimsoll'] }) },
      summary: {
        tests: cases.length,
        passed: count('passed'),
        failed: count('failure'),
        skipped: count('skipped'),
        pending: 0,
        other: count('error'),
        suites: 1,
        start,
        stop: start + duration,
      },
      tests: cases.map((item) => ({
        name: clean(item.name) || 'unnamed',
        status: STATUS[item.state],
        duration: milliseconds(item.timeS),
        suite: [suite, item.group],
        rawStatus: item.state,
        ...(item.message === undefined ? {} : { message: item.message }),
        ...(item.details === undefined ? {} : { trace: item.details }),
        filePath: run.scenario.file,
      })),
      environment: {
        appName: suite,
        osPlatform: host.platform,
        osRelease: host.release,
        ...(gitCommit === undefined ? {} : { commit: gitCommit }),
      },
      extra: { run: run.id, seed: run.seed, verdict: result.verdict, exitCode: result.exitCode, why: result.sentence },
    },
  };
}

function milliseconds(seconds: number): number {
  return Number.isFinite(seconds) ? Math.max(0, Math.round(seconds * 1000)) : 0;
}
