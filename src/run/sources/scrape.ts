import { parseExposition, type ExposedSample } from '../../metrics/exposition.js';
import type { SourcePlan } from '../../plan/plan.js';
import type { SourceSample } from '../../record/source-sample.js';
import { messageOf } from '../../support/errors.js';
import type { Pages } from './pages.js';
import { trouble } from './trouble.js';

interface Limits {
  pages: Pages;
  timeLimitMs: number;
  signal: AbortSignal;
}
type ScrapePlan = Extract<SourcePlan, { how: 'scrape' }>;

const LARGEST_CHARACTERS = 16 * 1024 * 1024;

/** Reads a metric from the services' own pages; what one of them lacks is not made up for by the others. */
export async function scrape(plan: ScrapePlan, limits: Limits): Promise<SourceSample> {
  const pages = await Promise.all(
    plan.pages.map(async (page) => ({ ...page, found: await readPage(plan, page.url, limits) })),
  );
  const broken = pages.find(({ found }) => !Array.isArray(found));
  if (broken && !Array.isArray(broken.found)) return broken.found;
  const samples = pages.flatMap(({ service, found }) =>
    (found as ExposedSample[]).map((sample) => ({ ...sample, service })),
  );
  const lacking = plan.pages.find(({ service }) => !samples.some((sample) => sample.service === service));
  if (lacking) return trouble('missing', `${lacking.service} does not export ${nameOf(plan)} at ${lacking.url}`);
  const unreadable = samples.find(({ value }) => !Number.isFinite(value));
  if (unreadable) return trouble('not_a_number', `${nameOf(plan)} of ${unreadable.service} is ${unreadable.value}`);
  switch (plan.take) {
    case 'value': {
      const [only, ...others] = samples;
      if (!only || others.length > 0)
        return trouble(
          'several',
          `${nameOf(plan)} has ${samples.length} series, and only one can be judged as a value`,
        );
      return { kind: 'value', value: only.value };
    }
    case 'counters':
      return {
        kind: 'counters',
        counters: Object.fromEntries(samples.map((sample) => [seriesOf(sample), sample.value])),
      };
    case 'histograms':
      return histogramsOf(plan, samples);
  }
}

async function readPage(plan: ScrapePlan, url: string, limits: Limits): Promise<ExposedSample[] | SourceSample> {
  const name = plan.take === 'histograms' ? `${plan.metric}_bucket` : plan.metric;
  let text: string;
  try {
    text = await limits.pages.read(url, limits);
  } catch (error) {
    limits.signal.throwIfAborted();
    return trouble('unreachable', messageOf(error));
  }
  if (text.length > LARGEST_CHARACTERS)
    return trouble('unreadable', `${url} is longer than ${LARGEST_CHARACTERS} characters`);
  try {
    return parseExposition(text, (other) => other === name).filter(({ labels }) =>
      Object.entries(plan.labels).every(([label, value]) => labels[label] === value),
    );
  } catch (error) {
    return trouble('unreadable', `${url} is no page of metrics: ${messageOf(error)}`);
  }
}

function histogramsOf(plan: ScrapePlan, samples: readonly (ExposedSample & { service: string })[]): SourceSample {
  const series = new Map<string, { bound: number; count: number }[]>();
  for (const sample of samples) {
    const { le, ...labels } = sample.labels;
    const bound = le === '+Inf' ? Infinity : Number(le);
    if (le === undefined || Number.isNaN(bound))
      return trouble('unreadable', `${nameOf(plan)} of ${sample.service} has a bucket without a bound`);
    const key = seriesOf({ ...sample, labels });
    series.set(key, [...(series.get(key) ?? []), { bound, count: sample.value }]);
  }
  const histograms: Extract<SourceSample, { kind: 'histograms' }>['histograms'] = {};
  for (const [key, buckets] of series) {
    buckets.sort((a, b) => a.bound - b.bound);
    if (buckets.at(-1)?.bound !== Infinity) return trouble('unreadable', `${key} has no bucket for +Inf`);
    histograms[key] = {
      bounds: buckets.slice(0, -1).map(({ bound }) => bound),
      counts: buckets.map(({ count }) => count),
    };
  }
  return { kind: 'histograms', histograms };
}

function seriesOf({
  service,
  name,
  labels,
}: {
  service: string;
  name: string;
  labels: Record<string, string>;
}): string {
  const text = Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return `${service} ${name}{${text.join(',')}}`;
}

function nameOf({ metric, labels }: ScrapePlan): string {
  const text = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return text.length > 0 ? `${metric}{${text.join(',')}}` : metric;
}
