import type { PartJudgement, SloJudgement } from '../verdict/judgement.js';
import { group } from 'd3-array';
import type { RunResult } from './schema.js';

/** One run of a scenario, as the others are compared with it. */
export interface TrendRun {
  id: string;
  startedAt: string;
  verdict: RunResult['verdict'];
  sentence: string;
  cleanupProven: boolean;
  gitBranch?: string;
  gitCommit?: string;
  /** Path of its report, where it has one. */
  report?: string;
}

/** One part of one SLO over the runs: a point for each, null where the run did not judge it. */
export interface TrendLine {
  slo: string;
  severity: SloJudgement['severity'];
  part: PartJudgement['part'];
  points: ({ judgement: PartJudgement; slo: SloJudgement } | null)[];
}

/** All runs of one scenario, the oldest first. */
export interface Trend {
  scenario: string;
  runs: TrendRun[];
  lines: TrendLine[];
}

/** What decides comes first. */
const SEVERITIES = ['critical', 'warning', 'info'];

/**
 * Runs by scenario, in the order of their times, each part of each SLO as a line over them. An SLO is the same as long as
 * its name, indicator, stream and request are. Scenarios come in the order of their names. Pure.
 */
export function trendsOf(runs: readonly { result: RunResult; report?: string }[]): Trend[] {
  return [...group(runs, ({ result }) => result.run.scenario.name)]
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([scenario, unordered]) => {
      const ordered = unordered.toSorted((a, b) => (a.result.run.startedAt < b.result.run.startedAt ? -1 : 1));
      return { scenario, runs: ordered.map(runOf), lines: linesOf(ordered.map(({ result }) => result)) };
    });
}

function runOf({ result, report }: { result: RunResult; report?: string }): TrendRun {
  const { id, startedAt, environment } = result.run;
  return {
    id,
    startedAt,
    verdict: result.verdict,
    sentence: result.sentence,
    cleanupProven: result.cleanup.proven,
    ...(environment.gitBranch === undefined ? {} : { gitBranch: environment.gitBranch }),
    ...(environment.gitCommit === undefined ? {} : { gitCommit: environment.gitCommit }),
    ...(report === undefined ? {} : { report }),
  };
}

function linesOf(results: readonly RunResult[]): TrendLine[] {
  const lines = new Map<string, TrendLine>();
  for (const [at, { slos }] of results.entries()) {
    for (const slo of slos) {
      for (const judgement of slo.parts) {
        const key = JSON.stringify([slo.name, slo.indicatorText, slo.stream, slo.request, judgement.part]);
        const line = lines.get(key) ?? {
          slo: slo.name,
          severity: slo.severity,
          part: judgement.part,
          points: results.map(() => null),
        };
        // What it weighs may change; the newest run says.
        line.severity = slo.severity;
        line.points[at] = { judgement, slo };
        lines.set(key, line);
      }
    }
  }
  return [...lines.values()].toSorted((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
}
