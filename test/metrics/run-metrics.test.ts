import { createServer } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRunMetrics } from '../../src/metrics/run-metrics.js';
import type { EventOf, RunEvent } from '../../src/record/events.js';
import { readEvents } from '../../src/record/event-log.js';
import { openRunDirectory } from '../../src/record/run-directory.js';
import { loadRun } from '../../src/result/load-run.js';
import { generateRun } from '../result/generated-run.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'plimsoll-metrics-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const second = (over: Partial<EventOf<'second'>>): RunEvent => ({
  v: 1,
  seq: 1,
  t: 5,
  type: 'second',
  stream: 'checkouts',
  second: 4,
  final: false,
  scheduled: 100,
  outcomes: { ok: 90 },
  open: 10,
  responseOk: quiet,
  responseAll: quiet,
  service: quiet,
  schedulingLag: quiet,
  inFlight: 10,
  ...over,
});
const quiet = { p50: 0.02, p95: 0.04, p99: 0.2, max: 2 };

/** The value of a line of the exposition, by its start. */
async function value(metrics: { text(): Promise<string> }, start: string): Promise<number | undefined> {
  const line = (await metrics.text()).split('\n').find((each) => each.startsWith(`plimsoll_${start} `));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ')));
}

describe('createRunMetrics', () => {
  it('counts each arrival once, though its second is told twice', async () => {
    const metrics = createRunMetrics();
    metrics.onEvent(second({}));
    metrics.onEvent(second({ final: true, open: 0, outcomes: { ok: 95, timeout: 5 }, inFlight: 0 }));
    metrics.onEvent(second({ second: 5, scheduled: 50, outcomes: { ok: 50 }, final: true }));
    expect(await value(metrics, 'arrivals_scheduled_total{stream="checkouts"}')).toBe(150);
    expect(await value(metrics, 'arrivals_total{stream="checkouts",outcome="ok"}')).toBe(145);
    expect(await value(metrics, 'arrivals_total{stream="checkouts",outcome="timeout"}')).toBe(5);
    expect(await value(metrics, 'response_seconds_count{stream="checkouts"}')).toBe(150);
    expect(await value(metrics, 'response_seconds_bucket{le="0.025",stream="checkouts"}')).toBe(75);
    expect(await value(metrics, 'response_seconds_bucket{le="0.05",stream="checkouts"}')).toBe(142);
    expect(await value(metrics, 'response_seconds_bucket{le="0.25",stream="checkouts"}')).toBe(148);
  });

  it('follows a run: phase, active faults, health, and the drift at its end', async () => {
    const paths = generateRun({ folder, rate: 20 });
    const metrics = createRunMetrics();
    const active: (number | undefined)[] = [];
    for (const event of readEvents(paths.events).events) {
      metrics.onEvent(event);
      if (/^(fault|undo)\./.test(event.type))
        active.push(await value(metrics, 'fault_active{fault="f1",type="latency"}'));
    }
    expect(active).toEqual([1, 1, 1, 1, 1, 0]);
    expect(await value(metrics, 'phase{phase="judging"}')).toBe(1);
    expect(await value(metrics, 'phase{phase="fault"}')).toBe(0);
    expect(await value(metrics, 'driver_scheduling_lag_p99_seconds{driver="open"}')).toBe(0.0015);
    expect(await value(metrics, 'run_info{run="gen00001",scenario="payment-slow",seed="7"}')).toBe(1);
    metrics.onResult(loadRun(openRunDirectory(folder)));
    expect(await value(metrics, 'slo_drift{slo="p95",unit="seconds"}')).toBeCloseTo(0.15, 2);
    expect(await value(metrics, 'slo_tolerance{slo="p95",unit="seconds"}')).toBe(0.2);
    expect(await value(metrics, 'run_verdict{verdict="passed"}')).toBe(1);
    expect(await value(metrics, 'run_verdict{verdict="failed"}')).toBe(0);
  });

  it('keeps a fault active whose undo was measured not to work', async () => {
    const metrics = createRunMetrics();
    const common = { v: 1, seq: 1, t: 1, fault: 'f1', faultType: 'latency' };
    metrics.onEvent({ ...common, type: 'fault.requested', summary: '', targets: [] });
    metrics.onEvent({
      ...common,
      type: 'undo.proven',
      proof: { status: 'mismatch', method: '', finding: '', measured: {} },
    });
    expect(await value(metrics, 'fault_active{fault="f1",type="latency"}')).toBe(1);
  });

  it('serves them, each run its own, and ends', async () => {
    const [one, other] = [createRunMetrics(), createRunMetrics()];
    one.onEvent(second({}));
    const served = await one.serve(0);
    try {
      const answer = await fetch(served.url);
      expect(answer.headers.get('content-type')).toContain('text/plain');
      expect(await answer.text()).toContain('plimsoll_arrivals_scheduled_total{stream="checkouts"} 100');
      expect((await fetch(served.url.replace('/metrics', '/'))).status).toBe(404);
      expect((await fetch(served.url, { method: 'POST' })).status).toBe(405);
    } finally {
      await served.close();
    }
    await expect(fetch(served.url)).rejects.toThrow();
    expect(await other.text()).not.toContain('stream="checkouts"');
  });

  it('says which port is in use', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
    );
    try {
      await expect(createRunMetrics().serve(port)).rejects.toMatchObject({
        code: 'port_in_use',
        message: expect.stringContaining(`127.0.0.1:${port}`),
      });
      await expect(createRunMetrics().serve(0, '203.0.113.1')).rejects.toMatchObject({ code: 'metrics_not_served' });
    } finally {
      server.close();
    }
  });
});
