import { resolve } from 'node:path';
import type { Scenario } from '../scenario/parse.js';
import type { SloDocument, SystemDocument } from '../scenario/schema.js';
import { indicatorOf } from '../scenario/source-indicator.js';
import type { SourcePlan } from './plan.js';

/** What is cheap to read is read twice a second, so that a window loses little at its edges; a page costs its service. */
const LOG_EVERY_MS = 500;
const QUERY_EVERY_MS = 500;
const PAGE_EVERY_MS = 1000;

/** What is to be read while the run goes on: each source once, however many SLOs are about it. */
export function resolveSources(scenario: Pick<Scenario, 'slos' | 'system'>, cwd: string): SourcePlan[] {
  const sources = new Map<string, SourcePlan>();
  for (const slo of scenario.slos) {
    const indicator = indicatorOf(slo);
    // The end of a process is told by the fault that asks for it.
    if (!indicator.ok || !('source' in indicator.value) || indicator.value.type === 'exit') continue;
    const { source } = indicator.value;
    const plan =
      indicator.value.type === 'log'
        ? logSource(source, slo, scenario.system, cwd)
        : metricSource(source, slo, scenario.system, indicator.value.take);
    if (plan) sources.set(source, plan);
  }
  return [...sources.values()];
}

function metricSource(
  source: string,
  { prometheus }: SloDocument,
  system: SystemDocument,
  take: 'percentile' | 'rate' | 'value',
): SourcePlan | undefined {
  if (!prometheus) return undefined;
  const { server, query, metric, labels } = prometheus;
  if (server !== undefined && query !== undefined)
    return { source, everyMs: QUERY_EVERY_MS, how: 'query', server, query };
  return {
    source,
    everyMs: PAGE_EVERY_MS,
    how: 'scrape',
    pages: [prometheus.service ?? []].flat().flatMap((service) => {
      const url = system.services[service]?.metrics;
      return url === undefined ? [] : [{ service, url }];
    }),
    metric: metric ?? '',
    labels: labels ?? {},
    take: take === 'percentile' ? 'histograms' : take === 'rate' ? 'counters' : 'value',
  };
}

function logSource(source: string, { log }: SloDocument, system: SystemDocument, cwd: string): SourcePlan | undefined {
  if (!log) return undefined;
  const replicas = log.service === undefined ? undefined : (system.services[log.service]?.process?.replicas ?? 1);
  return {
    source,
    everyMs: LOG_EVERY_MS,
    how: 'log',
    file: log.file === undefined ? undefined : resolve(cwd, log.file),
    logs:
      log.file !== undefined
        ? []
        : replicas === undefined
          ? ['system']
          : Array.from({ length: replicas }, (_, number) => `${log.service}-${number}`),
    match: log.match,
    of: log.of,
  };
}
