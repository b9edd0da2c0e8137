import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readArrivals } from '../../src/record/arrivals-file.js';
import { readEvents } from '../../src/record/event-log.js';
import type { RunEvent } from '../../src/record/events.js';
import { checkNow } from '../../src/result/check-now.js';
import type { FoldInput } from '../../src/result/fold.js';
import { generateRun, p95Slo, slo, type GeneratedRun } from './generated-run.js';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'plimsoll-check-now-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
/** A run of 60 s whose fault adds half a second from 20 s to 40 s after the baseline began. */
function records(options: Partial<GeneratedRun> = {}): FoldInput & { events: RunEvent[] } {
  const paths = generateRun({ addedMs: 500, recoveryS: 20, ...options, folder: join(folder, `run${++count}`) });
  return { events: readEvents(paths.events).events, arrivals: readArrivals(paths.arrivals) };
}
const windowAt = ({ events }: { events: RunEvent[] }, window: string, end: 'opened' | 'closed'): number => {
  const found = events.find((event) => event.type === `window.${end}` && 'window' in event && event.window === window);
  return found?.type === 'window.opened' || found?.type === 'window.closed' ? found.atUs / 1e6 : Number.NaN;
};
/** What was recorded until a moment, as somebody finds it who looks then. */
const until = (run: ReturnType<typeof records>, t: number) => ({
  ...run,
  events: run.events.filter((event) => event.t <= t && (event.type !== 'second' || event.second + 1 <= t)),
});

describe('a check of the last seconds', () => {
  it('passes while the system is well, fails while the fault hurts, and passes again', () => {
    const run = records();
    const [well, hurt, healed] = [
      checkNow(until(run, windowAt(run, 'baseline', 'closed') + 1.6), 20),
      checkNow(until(run, windowAt(run, 'fault', 'closed') + 1.6), 20),
      checkNow(run, 20),
    ];
    expect(well).toMatchObject({ verdict: 'passed', exitCode: 0 });
    expect(hurt).toMatchObject({ verdict: 'failed', exitCode: 1 });
    expect(hurt.slos.find(({ name }) => name === 'p95')).toMatchObject({ verdict: 'failed', severity: 'critical' });
    expect(hurt.sentence).toMatch(/p95/);
    expect(hurt.toS - hurt.fromS).toBe(20);
    expect(healed.verdict).toBe('passed');
  });

  it('judges objectives alone: a drift needs the whole run', () => {
    const run = records({ slos: [slo({ name: 'level' }), p95Slo({ name: 'drift', objective: undefined })] });
    expect(checkNow(run, 20).slos.map(({ name }) => name)).toEqual(['level']);
  });

  it('leaves out the seconds in which a request may still be open, or that are not written yet', () => {
    const run = records();
    const at = windowAt(run, 'fault', 'closed');
    expect(checkNow(until(run, at), 20).toS).toBeLessThanOrEqual(at - 1);
    const open = run.events.map((event) =>
      event.type === 'second' && event.second >= 30 ? { ...event, final: false } : event,
    );
    expect(checkNow({ ...run, events: open }, 20).toS).toBe(30);
    // The slowest request of a second may outlive those of the next: what is behind it is told, and yet it is not settled.
    const slow = run.events.map((event) =>
      event.type === 'second' && event.second === 25 ? { ...event, final: false } : event,
    );
    expect(checkNow({ ...run, events: slow }, 20).toS).toBe(25);
    const nothing = checkNow({ events: [], arrivals: undefined }, 20);
    expect(nothing).toMatchObject({ verdict: 'inconclusive', fromS: 0, toS: 0 });
  });

  it('is never green about too little: a few seconds, none, or a driver that was not well', () => {
    const run = records();
    const early = checkNow(until(run, windowAt(run, 'baseline', 'opened') + 6), 60);
    expect(early).toMatchObject({ verdict: 'inconclusive', exitCode: 3 });
    expect(early.slos[0]?.reasons.map(({ code }) => code)).toContain('window_too_short');
    expect(checkNow({ events: run.events.slice(0, 3), arrivals: undefined }, 60).verdict).toBe('inconclusive');
    const starved = run.events.map((event) =>
      event.type === 'driver.health' ? { ...event, eventLoopDelayP99Ms: 80, invalid: 'event loop' } : event,
    );
    expect(checkNow({ ...run, events: starved }, 20).verdict).toBe('inconclusive');
  });
});
