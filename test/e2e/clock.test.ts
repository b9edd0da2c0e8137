import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { startWholeRun } from '../chaos/whole-run-process.js';
import { readEvents } from '../../src/record/event-log.js';
import { frontBackScenario } from '../support/front-back.js';
import { describeWith } from '../support/needs.js';
import { freePort } from '../targets/toxiproxy-servers.js';

const PHASES = { warmupMs: 0, baselineMs: 2300, faultMs: 2500, recoveryMs: 1000 };
const DAY_MS = 86_400_000;

describeWith(['faketime'], 'a wall clock that is set back two days during a fault', () => {
  it('changes no duration, no order and no undo', { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'plimsoll-clock-'));
    const clock = join(folder, 'clock');
    const [front, back, link] = [await freePort(), await freePort(), await freePort()];
    writeFileSync(clock, '+0');
    try {
      const beganMs = performance.now();
      const seenBy = join(folder, 'seen');
      const run = startWholeRun({
        scenario: frontBackScenario(
          { front, back, link },
          {
            name: 'clock',
            description: 'Somebody sets the clock.',
            faults: [
              // What the clock says to the processes of the run, at the beginning and at the end of the fault.
              {
                type: 'command',
                inject: `sh -c "date +%s >> ${seenBy}"`,
                undo: `sh -c "date +%s >> ${seenBy}"`,
                proof: 'optional',
              },
              { type: 'latency', link: 'front-back', latency: '50ms' },
            ],
          },
        ),
        runsRoot: join(folder, 'runs'),
        phases: PHASES,
        environment: {
          LD_PRELOAD: fakeClock(),
          FAKETIME_TIMESTAMP_FILE: clock,
          FAKETIME_CACHE_DURATION: '1',
          // As the kernel does it: who sets the clock does not set the monotonic one.
          FAKETIME_DONT_FAKE_MONOTONIC: '1',
          DONT_FAKE_MONOTONIC: '1',
          XDG_STATE_HOME: join(folder, 'state'),
        },
      });
      expect(await Promise.race([run.saw('event fault.proven'), run.ended]), run.output()).toBe(true);
      writeFileSync(clock, '-2d');
      const exitCode = await run.ended;
      const tookMs = performance.now() - beganMs;
      expect(exitCode, run.output()).not.toBe(4);

      const [before, after] = readFileSync(seenBy, 'utf8').trim().split('\n').map(Number);
      expect(((after ?? 0) - (before ?? 0)) * 1000, 'the clock was set back').toBeLessThan(-DAY_MS);

      const { events } = readEvents(join(run.directory(), 'events.ndjson'));
      const times = events.map(({ t }) => t);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(Math.max(...times) * 1000).toBeLessThan(tookMs);
      const atMs = (type: 'window.opened' | 'window.closed', window: string): number =>
        events.flatMap((event) => (event.type === type && event.window === window ? [event.atUs / 1000] : []))[0] ??
        NaN;
      const length = (window: string): number => atMs('window.closed', window) - atMs('window.opened', window);
      // Never shorter; longer only by what a busy machine takes.
      for (const [window, ms] of [
        ['baseline', PHASES.baselineMs],
        ['fault', PHASES.faultMs],
        ['recovery', PHASES.recoveryMs],
      ] as const) {
        expect(length(window), window).toBeGreaterThanOrEqual(ms);
        expect(length(window), window).toBeLessThan(ms + 1500);
      }
      expect(events.filter(({ type }) => type === 'undo.done')).toHaveLength(2);
      expect(events.filter(({ type }) => type === 'undo.failed')).toEqual([]);
      const health = events.flatMap((event) => (event.type === 'driver.health' ? [event.clockJumpMs] : []));
      expect(Math.max(...health)).toBeLessThan(60_000);
      const result = JSON.parse(readFileSync(join(run.directory(), 'result.json'), 'utf8')) as { cleanup: unknown };
      expect(result.cleanup).toMatchObject({ proven: true });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** The library that the program `faketime` puts before all others. */
function fakeClock(): string {
  return execFileSync('faketime', ['-f', '+0', 'printenv', 'LD_PRELOAD'], { encoding: 'utf8' }).trim();
}
