import type { EventOf, RunEvent } from '../record/events.js';
import { lagQuantileMs } from '../record/lag-ladder.js';
import type { JudgeWindow } from '../verdict/input.js';
import type { RunResult } from './schema.js';
import { stretchesOf, type Window } from './windows.js';

type Driver = 'open' | 'closed';
type Health = EventOf<'driver.health'>;

/** Gates of `driver.health`, over a window. The same figures as the driver's own, which are over a second. */
const LAG_LIMIT_MS = 10;
const LOOP_LIMIT_MS = 20;
/** So many late arrivals are borne in any window. */
const FEW_LATE = 5;
const CPU_LIMIT = 0.8;
const JUMP_LIMIT_MS = 1000;
/** A window's event-loop p99 is over the limit when more than this share of its seconds is: only their p99s are known. */
const LOOP_SECONDS = 0.1;

/** The drivers' health as columns, second by second. */
export function healthOf(events: readonly RunEvent[]): RunResult['health'] {
  return (['open', 'closed'] as const).flatMap((driver): RunResult['health'] => {
    const all = healthEvents(events, driver);
    if (all.length === 0) return [];
    const seconds = all.map(({ second }) => second);
    const fromS = Math.min(...seconds);
    const length = Math.max(...seconds) - fromS + 1;
    const column = (value: (event: Health) => number): (number | null)[] => {
      const values = Array.from({ length }, (): number | null => null);
      for (const event of all) values[event.second - fromS] = value(event);
      return values;
    };
    return [
      {
        driver,
        fromS,
        schedulingLagP99Ms: column((event) => event.schedulingLagP99Ms),
        eventLoopDelayP99Ms: column((event) => event.eventLoopDelayP99Ms),
        cpuShare: column((event) => event.cpuShare),
        invalid: all.flatMap(({ second, invalid }) => (invalid === undefined ? [] : [{ second, reason: invalid }])),
      },
    ];
  });
}

/** Was the load driver well in a window? One gate broken, and nothing may be concluded from the window. */
export function driverHealthIn(
  window: Pick<Window, 'startUs' | 'endUs' | 'parts'>,
  events: readonly RunEvent[],
  models: ReadonlyMap<string, Driver>,
): Pick<JudgeWindow, 'driverInvalid' | 'schedulingLagP99Ms'> {
  const parts = stretchesOf(window);
  const inside = (second: number): boolean =>
    parts.some(({ startUs, endUs }) => (second + 1) * 1e6 > startUs && second * 1e6 < endUs);
  const of = (driver: Driver): { lag: number; invalid: string[] } => {
    const health = healthEvents(events, driver).filter(({ second }) => inside(second));
    const lag = lagP99Ms(health);
    const invalid = brokenGates(health, lag);
    if (health.length === 0 && [...models.values()].includes(driver)) {
      invalid.push("the load driver's health was not recorded");
    }
    return { lag, invalid };
  };
  const open = of('open');
  const closed = of('closed');
  return {
    driverInvalid: { open: open.invalid, closed: closed.invalid },
    schedulingLagP99Ms: { open: open.lag, closed: closed.lag },
  };
}

function brokenGates(health: readonly Health[], lagMs: number): string[] {
  const broken: string[] = [];
  if (lagMs > LAG_LIMIT_MS) {
    broken.push(`scheduling lag p99 was ${lagMs.toFixed(1)} ms; at most ${LAG_LIMIT_MS} ms is allowed`);
  }
  if (health.length === 0) return broken;
  const slow = health.filter(({ eventLoopDelayP99Ms }) => eventLoopDelayP99Ms > LOOP_LIMIT_MS).length;
  if (slow > LOOP_SECONDS * health.length) {
    broken.push(`event-loop delay p99 was over ${LOOP_LIMIT_MS} ms in ${slow} of ${health.length} seconds`);
  }
  const cpu = health.reduce((sum, { cpuShare }) => sum + cpuShare, 0) / health.length;
  if (cpu > CPU_LIMIT) {
    broken.push(`the driver used ${Math.round(cpu * 100)} % of a core; at most ${CPU_LIMIT * 100} % is allowed`);
  }
  const jump = Math.max(...health.map(({ clockJumpMs }) => clockJumpMs));
  if (jump > JUMP_LIMIT_MS) broken.push(`the driver stood still for ${Math.round(jump)} ms`);
  const local = health.reduce((sum, { localLimitErrors }) => sum + localLimitErrors, 0);
  if (local > 0) broken.push(`${local} connections failed at a limit of this machine (open files or ports)`);
  // Any other reason of the driver's counts as it is; those above are judged over the window and not over a second.
  const other = health.find((event) => event.invalid !== undefined && !explained(event));
  if (other?.invalid !== undefined) broken.push(other.invalid);
  return broken;
}

/** Does one of the gates above explain why the driver called this second invalid? */
function explained(event: Health): boolean {
  return (
    event.schedulingLagP99Ms > LAG_LIMIT_MS ||
    event.eventLoopDelayP99Ms > LOOP_LIMIT_MS ||
    event.cpuShare > CPU_LIMIT ||
    event.clockJumpMs > JUMP_LIMIT_MS ||
    event.localLimitErrors > 0
  );
}

/** The 99th percentile of scheduling lag over a window; where a driver did not count by class, its worst second. */
function lagP99Ms(health: readonly Health[]): number {
  const counts: number[] = [];
  for (const { lagCounts } of health) {
    if (lagCounts === undefined) return Math.max(0, ...health.map(({ schedulingLagP99Ms }) => schedulingLagP99Ms));
    for (const [position, count] of lagCounts.entries()) counts[position] = (counts[position] ?? 0) + count;
  }
  // The p99 of fewer than 500 arrivals is its handful of largest: a few late ones must not hide a system that is down.
  const total = counts.reduce((sum, count) => sum + count, 0);
  return lagQuantileMs(counts, Math.max(0, Math.min(0.99, 1 - FEW_LATE / total))) ?? 0;
}

function healthEvents(events: readonly RunEvent[], driver: Driver): Health[] {
  return events.filter((event): event is Health => event.type === 'driver.health' && event.driver === driver);
}
