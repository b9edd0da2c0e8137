import type { Parsed } from '../support/units.js';
import type { Indicator } from '../verdict/slo.js';
import { parseIndicator } from './indicator-text.js';
import type { SloDocument } from './schema.js';

type Elsewhere = Extract<Indicator, { source: string }>;
export const SOURCE_INDICATORS = ['prometheus', 'log', 'exit'] as const;
type SourceType = (typeof SOURCE_INDICATORS)[number];

/** The indicator of an SLO: from its text, or from the block that is named as it is. */
export function indicatorOf(slo: SloDocument): Parsed<Indicator> {
  const type = slo.indicator.trim().toLowerCase();
  return isSourceName(type) ? sourceIndicator(type, slo) : parseIndicator(slo.indicator, slo.population);
}

/** As people read it: `p99 of nodejs_gc_duration_seconds (gateway, order)`. */
export function indicatorText(slo: SloDocument): string {
  const indicator = indicatorOf(slo);
  if (!indicator.ok || !('source' in indicator.value)) return slo.indicator;
  switch (indicator.value.type) {
    case 'prometheus': {
      const { prometheus } = slo;
      if (prometheus?.query !== undefined) return prometheus.query;
      const who = [prometheus?.service ?? []].flat().join(', ');
      return `${prometheus?.take} of ${metricText(slo)} (${who})`;
    }
    case 'log': {
      const of = slo.log?.of ? ` of ${fields(slo.log.of)}` : ' per second';
      return `log lines with ${fields(slo.log?.match ?? {})}${of}`;
    }
    case 'exit':
      return `exit of ${indicator.value.source}`;
  }
}

/** Is this the name of an indicator that has a block of its own? */
export function isSourceName(text: string): text is SourceType {
  return SOURCE_INDICATORS.some((name) => name === text);
}

function sourceIndicator(type: SourceType, slo: SloDocument): Parsed<Elsewhere> {
  switch (type) {
    case 'prometheus':
      return prometheusIndicator(slo);
    case 'log':
      return logIndicator(slo);
    case 'exit':
      return exitIndicator(slo);
  }
}

function prometheusIndicator(slo: SloDocument): Parsed<Elsewhere> {
  const { prometheus } = slo;
  if (!prometheus) return missing('prometheus', 'prometheus: { service: gateway, metric: up_seconds, take: p99 }');
  const { query, server, metric, service, take } = prometheus;
  const scrapes =
    metric !== undefined || service !== undefined || take !== undefined || prometheus.labels !== undefined;
  const queries = query !== undefined || server !== undefined;
  if (scrapes === queries || (queries && !(query !== undefined && server !== undefined)))
    return problem(
      '`prometheus` takes either `service`, `metric` and `take` (a page of metrics), or `server` and `query`',
    );
  if (scrapes && (metric === undefined || service === undefined || take === undefined))
    return problem(
      '`prometheus` with a metric needs `service`, `metric` and `take`: value, rate or a percentile such as p99',
    );
  const percent = Number(/^p(.+)$/.exec(take ?? '')?.[1] ?? NaN);
  const isPercentile = !Number.isNaN(percent);
  if (isPercentile && (percent < 1 || percent > 99.99))
    return problem(`"${take}": the percentile must lie between p1 and p99.99`);
  if (isPercentile && !metric?.endsWith('_seconds'))
    return problem(
      `"${take}" of ${metric}: percentiles are taken of histograms of seconds, whose names end in _seconds`,
    );
  if (isPercentile && prometheus.unit !== undefined) return problem('a percentile is in seconds; leave `unit` out');
  if (take === 'rate' && prometheus.unit !== undefined) return problem('a rate is per second; leave `unit` out');
  const everyMs = prometheus.every ?? 1000;
  if (everyMs < 1000) return problem('`every` must be at least 1s');
  return {
    ok: true,
    value: {
      type: 'prometheus',
      source: queries
        ? `query ${withoutCredentials(server ?? '')} ${query}`
        : `metric ${[service ?? []].flat().join(',')} ${metricText(slo)}`,
      take: isPercentile ? 'percentile' : take === 'rate' ? 'rate' : 'value',
      quantile: isPercentile ? Number((percent / 100).toFixed(6)) : 0.5,
      unit: isPercentile ? 'seconds' : take === 'rate' ? 'per_second' : (prometheus.unit ?? unitOfText(slo.objective)),
      better: prometheus.better ?? 'lower',
      everyS: everyMs / 1000,
    },
  };
}

function logIndicator(slo: SloDocument): Parsed<Elsewhere> {
  const { log } = slo;
  if (!log) return missing('log', 'log: { match: { level: error } }');
  if (log.service !== undefined && log.file !== undefined)
    return problem('`log` reads either the lines of a `service`, or a `file`');
  for (const [field, value] of [...Object.entries(log.match), ...Object.entries(log.of ?? {})]) {
    const pattern = typeof value === 'string' ? /^\/(.*)\/$/s.exec(value)?.[1] : undefined;
    if (pattern !== undefined && !isPattern(pattern)) return problem(`${field}: ${value} is no regular expression`);
  }
  const where = log.file ?? log.service ?? 'system';
  return {
    ok: true,
    value: {
      type: 'log',
      source: `log ${where} ${JSON.stringify(log.match)} of ${JSON.stringify(log.of ?? null)}`,
      take: log.of ? 'share' : 'rate',
      better: log.better ?? 'higher',
    },
  };
}

function exitIndicator({ exit }: SloDocument): Parsed<Elsewhere> {
  if (!exit) return missing('exit', 'exit: { service: order }');
  return { ok: true, value: { type: 'exit', source: exit.service, code: exit.code } };
}

/** Where nobody says it, the objective's own unit: `<= 50ms`, `<= 5%`, `<= 10/s`, `<= 12`. */
function unitOfText(objective: string | undefined): 'seconds' | 'ratio' | 'per_second' | 'number' {
  const limit = objective?.replace(/^\s*[<>≤≥]=?\s*/, '').trim() ?? '';
  if (limit.endsWith('%')) return 'ratio';
  if (/\/\s*(s|min|h)$/.test(limit)) return 'per_second';
  return /(ms|us|µs|s|m|h)$/.test(limit) ? 'seconds' : 'number';
}

function metricText({ prometheus }: SloDocument): string {
  const labels = Object.entries(prometheus?.labels ?? {}).map(([name, value]) => `${name}="${value}"`);
  return `${prometheus?.metric}${labels.length > 0 ? `{${labels.sort().join(',')}}` : ''}`;
}

function fields(match: Readonly<Record<string, unknown>>): string {
  return Object.entries(match)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ');
}

function missing(type: SourceType, example: string): Parsed<never> {
  return problem(`the indicator "${type}" needs a block that says what to read, such as ${example}`);
}

function problem(text: string): Parsed<never> {
  return { ok: false, problem: text };
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}

/** What is recorded must hold no password. */
function withoutCredentials(server: string): string {
  const url = new URL(server);
  url.username = '';
  url.password = '';
  return url.href.replace(/\/$/, '');
}
