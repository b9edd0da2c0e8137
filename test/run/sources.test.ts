import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { parseExposition } from '../../src/metrics/exposition.js';
import type { SourcePlan } from '../../src/plan/plan.js';
import { Pages } from '../../src/run/sources/pages.js';
import { LogReader } from '../../src/run/sources/log.js';
import { QueryReader } from '../../src/run/sources/query.js';
import { scrape } from '../../src/run/sources/scrape.js';
import { describeWith } from '../support/needs.js';
import { metricsPage, startPrometheus } from '../support/prometheus.js';

const folder = mkdtempSync(join(tmpdir(), 'plimsoll-sources-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const bounds = { timeLimitMs: 2000, signal: new AbortController().signal };
/** Nothing is shared with an earlier reading. */
const limits = () => ({ ...bounds, pages: new Pages() });

describe('a page of metrics', () => {
  it('is read with escapes, times, exemplars and what is no number', () => {
    const text = [
      '# HELP a help',
      'a 1',
      'b{x="say \\"hi\\", \\\\ and\\nmore",y="}"} 2.5e3 1700000000000',
      'c_bucket{le="+Inf"} 7 # {trace_id="x"} 0.3',
      'd NaN',
      'e{} +Inf',
      '# EOF',
    ].join('\n');
    expect(parseExposition(text)).toEqual([
      { name: 'a', labels: {}, value: 1 },
      { name: 'b', labels: { x: 'say "hi", \\ and\nmore', y: '}' }, value: 2500 },
      { name: 'c_bucket', labels: { le: '+Inf' }, value: 7 },
      { name: 'd', labels: {}, value: NaN },
      { name: 'e', labels: {}, value: Infinity },
    ]);
  });

  it.each(['<html>', 'a{x=1} 2', 'a{x="1" 2', 'a b', 'a'])('refuses %s', (text) => {
    expect(() => parseExposition(text)).toThrow(/is no sample|cannot be read|without an end|has no number/);
  });
});

describe('scraping', () => {
  const plan = (url: string, more: Partial<Extract<SourcePlan, { how: 'scrape' }>> = {}) => ({
    source: 's',
    everyMs: 500,
    how: 'scrape' as const,
    pages: [{ service: 'gateway', url }],
    metric: 'gc_seconds',
    labels: {},
    take: 'histograms' as const,
    ...more,
  });

  it('reads histograms, counters and gauges as they stand', async () => {
    const lines = ['up 1', 'hits{route="/a"} 3', 'hits{route="/b"} 4'];
    for (const kind of ['minor', 'major'])
      lines.push(
        ...[0.001, 0.01].map((le, i) => `gc_seconds_bucket{le="${le}",kind="${kind}"} ${i + 1}`),
        `gc_seconds_bucket{le="+Inf",kind="${kind}"} 5`,
      );
    await using page = await metricsPage(() => lines.join('\n'));
    const histogram = { bounds: [0.001, 0.01], counts: [1, 2, 5] };
    expect(await scrape(plan(page.url), limits())).toEqual({
      kind: 'histograms',
      histograms: {
        'gateway gc_seconds_bucket{kind="minor"}': histogram,
        'gateway gc_seconds_bucket{kind="major"}': histogram,
      },
    });
    expect(await scrape(plan(page.url, { metric: 'hits', take: 'counters' }), limits())).toMatchObject({
      counters: { 'gateway hits{route="/a"}': 3, 'gateway hits{route="/b"}': 4 },
    });
    const hits = { metric: 'hits', take: 'value' as const };
    expect(await scrape(plan(page.url, { ...hits, labels: { route: '/b' } }), limits())).toEqual({
      kind: 'value',
      value: 4,
    });
    expect(await scrape(plan(page.url, hits), limits())).toMatchObject({ kind: 'trouble', code: 'several' });
    expect(await scrape(plan(page.url, { metric: 'up', labels: { x: 'y' } }), limits())).toMatchObject({
      code: 'missing',
    });
  });

  it.each([
    ['other 1', 'missing', /gateway does not export gc_seconds at/],
    ['gc_seconds_bucket{le="+Inf"} NaN', 'not_a_number', /is NaN/],
    ['gc_seconds_bucket{le="1"} 1', 'unreadable', /no bucket for \+Inf/],
    ['<html>', 'unreadable', /is no page of metrics/],
  ])('of %s is trouble', async (text, code, message) => {
    await using page = await metricsPage(() => text);
    expect(await scrape(plan(page.url), limits())).toMatchObject({
      kind: 'trouble',
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  it('asks once for all that is wanted of a page at one moment', async () => {
    let asked = 0;
    await using page = await metricsPage(() => `a ${++asked}\nb ${asked}`);
    const together = limits();
    const value = (metric: string) => scrape(plan(page.url, { metric, take: 'value' }), together);
    expect(await Promise.all([value('a'), value('b')])).toEqual([
      { kind: 'value', value: 1 },
      { kind: 'value', value: 1 },
    ]);
    await wait(150);
    expect(await value('b')).toEqual({ kind: 'value', value: 2 });
  });

  it('of a page that nobody serves is trouble', async () => {
    expect(await scrape(plan('http://127.0.0.1:9/metrics'), limits())).toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
  });
});

describe('a log', () => {
  const reader = (file: string, of?: Record<string, string>) =>
    new LogReader(
      {
        source: 's',
        everyMs: 500,
        how: 'log',
        file,
        logs: [],
        match: { msg: 'contained', 'err.type': '/Error$/', level: 50 },
        of,
      },
      (name) => name,
    );
  const line = (more: object) =>
    `${JSON.stringify({ msg: 'contained', level: 50, err: { type: 'TypeError' }, ...more })}\n`;

  it('is followed: torn lines, other lines, characters cut in two, and a file that is begun again', async () => {
    const file = join(folder, 'a.log');
    writeFileSync(file, `${line({})}plain text\n${line({ level: 30 })}${line({ err: null })}`);
    const log = reader(file, { msg: 'contained' });
    expect(await log.read()).toEqual({ kind: 'lines', matched: 1, of: 3 });
    const whole = Buffer.from(line({ who: 'Zoë' }));
    const cut = whole.indexOf(0xc3) + 1;
    appendFileSync(file, whole.subarray(0, cut));
    expect(await log.read()).toMatchObject({ matched: 1, of: 3 });
    appendFileSync(file, whole.subarray(cut));
    expect(await log.read()).toMatchObject({ matched: 2, of: 4 });
    truncateSync(file, 0);
    appendFileSync(file, line({}));
    expect(await log.read()).toMatchObject({ matched: 3, of: 5 });
  });

  it('that is not there, or holds nothing, is trouble', async () => {
    expect(await reader(join(folder, 'none.log')).read()).toMatchObject({ kind: 'trouble', code: 'missing' });
    writeFileSync(join(folder, 'empty.log'), '');
    expect(await reader(join(folder, 'empty.log')).read()).toMatchObject({ kind: 'trouble', code: 'missing' });
  });
});

describe('a query', () => {
  it('to a server that is not there is trouble', async () => {
    const nobody = new QueryReader(
      { source: 's', everyMs: 500, how: 'query', server: 'http://127.0.0.1:9', query: 'x' },
      5,
    );
    expect(await nobody.read(bounds)).toMatchObject({ kind: 'trouble', code: 'unreachable' });
  });
});

describeWith(['prometheus'], 'a query to a real Prometheus', () => {
  it('is read once a sample, and told to be stale when nobody collects any more', { timeout: 30_000 }, async () => {
    const page = await metricsPage(() => 'depth 7\nshare NaN\nhits{route="a"} 1\nhits{route="b"} 2\n');
    await using prometheus = await startPrometheus(page.port);
    const ask = (query: string) =>
      new QueryReader({ source: 's', everyMs: 500, how: 'query', server: prometheus.url, query }, 2.5);
    const depth = ask('depth');
    expect(await depth.read(bounds)).toEqual({ kind: 'value', value: 7 });
    let news = 0;
    for (let i = 0; i < 15; i++) {
      await wait(200);
      const reading = await depth.read(bounds);
      if (reading) {
        expect(reading).toEqual({ kind: 'value', value: 7 });
        news++;
      }
    }
    // A scrape a second, in three of them.
    expect(news).toBeGreaterThanOrEqual(2);
    expect(news).toBeLessThanOrEqual(4);
    expect(await ask('sum(hits) * 2').read(bounds)).toEqual({ kind: 'value', value: 6 });
    expect(await ask('hits').read(bounds)).toMatchObject({ code: 'several' });
    expect(await ask('share').read(bounds)).toMatchObject({ code: 'not_a_number' });
    expect(await ask('nowhere').read(bounds)).toMatchObject({ code: 'missing' });
    expect(await ask('sum(').read(bounds)).toMatchObject({ code: 'unreadable' });
    // The page goes: Prometheus marks its series as gone with the next scrape.
    await page[Symbol.asyncDispose]();
    let last: unknown;
    for (let i = 0; i < 30 && !(last && (last as { kind: string }).kind === 'trouble'); i++) {
      await wait(200);
      last = (await depth.read(bounds)) ?? last;
    }
    expect(last).toMatchObject({ kind: 'trouble' });
  });
});
