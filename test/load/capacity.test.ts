import { describe, expect, test } from 'vitest';
import { measureCapacity } from '../../src/load/index.js';
import { openStream, request, TruthServer } from '../truth/experiment.js';

const short = { warmupMs: 100, stepMs: 400, rounds: 1 };

describe('capacity', () => {
  test('climbs until more connections bring nothing, and waits until the system is calm again', async () => {
    // Answers after 50 ms, at most 20 at a time: 400/s and not more.
    await using server = await TruthServer.start({ behaviour: 'limited', delayMs: 50, atOnce: 20 });
    const told: number[] = [];
    const capacity = await measureCapacity(openStream([request(server.url)]), {
      signal: AbortSignal.timeout(25_000),
      onStep: ({ connections }) => told.push(connections),
      ...short,
    });
    // Never more than there is; less on a machine where others keep the server from its timers.
    expect(capacity.perSecond).toBeLessThan(480);
    expect(capacity.perSecond).toBeGreaterThan(100);
    expect(capacity.connections).toBeLessThanOrEqual(100);
    expect(capacity.driverBound).toBe(false);
    expect(capacity.rounds).toEqual([capacity.perSecond]);
    expect(capacity.spread).toBe(0);
    expect(told).toEqual([10, 25, 50, 100].slice(0, told.length));
    expect(told.length).toBeGreaterThanOrEqual(2);
  });

  test('there is no figure for a system that does not answer well', async () => {
    await using server = await TruthServer.start({ behaviour: 'status-every', every: 20, status: 503 });
    const measured = measureCapacity(openStream([request(server.url)]), {
      signal: AbortSignal.timeout(25_000),
      ...short,
    });
    await expect(measured).rejects.toMatchObject({ code: 'capacity_invalid' });
  });

  test('a system that sheds load when it is full has the capacity that it showed before', async () => {
    await using server = await TruthServer.start({ behaviour: 'limited', delayMs: 50, atOnce: 20, queue: 20 });
    const steps: number[] = [];
    const capacity = await measureCapacity(openStream([request(server.url)]), {
      signal: AbortSignal.timeout(25_000),
      onStep: ({ connections }) => steps.push(connections),
      ...short,
    });
    expect(capacity.perSecond).toBeLessThan(480);
    expect(capacity.perSecond).toBeGreaterThan(100);
    // 50 connections were too many: no figure of theirs counts.
    expect(steps).toEqual([10, 25]);
  });

  test('can be aborted', async () => {
    await using server = await TruthServer.start({ behaviour: 'ok' });
    const measured = measureCapacity(openStream([request(server.url)]), { signal: AbortSignal.timeout(700) });
    await expect(measured).rejects.toThrow(/abort|timeout/i);
  });
});
