import { monitorEventLoopDelay, performance, type IntervalHistogram } from 'node:perf_hooks';
import { build, type Histogram } from 'hdr-histogram-js';
import type { EventBody } from '../record/events.js';
import { LAG_LADDER_MS, lagClass } from '../record/lag-ladder.js';

type Health = EventBody<'driver.health'>;
type Figures = Omit<Health, 'driver' | 'second' | 'invalid' | 'rssBytes' | 'lagCounts'>;

/** Beyond these the driver is not to be believed, and nothing it measured may pass or fail. */
const GATES = {
  schedulingLagP99Ms: 10,
  eventLoopDelayP99Ms: 20,
  cpuShare: 0.8,
  clockJumpMs: 1000,
  localLimitErrors: 0,
} as const;

/** The first gate that is broken, in words; undefined while the driver is well. */
export function brokenGate(figures: Figures): string | undefined {
  const { schedulingLagP99Ms, eventLoopDelayP99Ms, cpuShare, clockJumpMs, localLimitErrors } = figures;
  if (clockJumpMs > GATES.clockJumpMs)
    return `the driver did not run for ${Math.round(clockJumpMs)} ms (stopped, or the machine was suspended)`;
  if (localLimitErrors > GATES.localLimitErrors)
    return `this machine had no socket or port left ${localLimitErrors} times (EMFILE, EADDRNOTAVAIL or ENOBUFS)`;
  if (schedulingLagP99Ms > GATES.schedulingLagP99Ms)
    return `requests were issued ${schedulingLagP99Ms.toFixed(1)} ms late (p99; at most ${GATES.schedulingLagP99Ms} ms)`;
  if (eventLoopDelayP99Ms > GATES.eventLoopDelayP99Ms)
    return `the driver's event loop was delayed by ${eventLoopDelayP99Ms.toFixed(1)} ms (p99; at most ${GATES.eventLoopDelayP99Ms} ms)`;
  if (cpuShare > GATES.cpuShare)
    return `the driver used ${Math.round(cpuShare * 100)} % of a core (at most ${GATES.cpuShare * 100} %)`;
  return undefined;
}

const RESOLUTION_MS = 10;
const HEARTBEAT_MS = 50;
/** One busy second is no reason to throw a window away; the processor gate looks at the mean of a few. */
const CPU_MEMORY_S = 5;

/** Samples this process once a second. */
export class HealthMonitor {
  readonly #driver: Health['driver'];
  readonly #loop: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #lag: Histogram = build({
    bitBucketSize: 32,
    lowestDiscernibleValue: 1,
    highestTrackableValue: 3_600_000_000,
    numberOfSignificantValueDigits: 2,
    useWebAssembly: false,
  });
  #lagCounts: number[] = noCounts();
  readonly #recentCpu: number[] = [];
  #cpu = process.cpuUsage();
  #atMs = performance.now();
  #beatMs = performance.now();
  #beatWallMs = Date.now();
  #jumpMs = 0;
  #localLimitErrors = 0;
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(driver: Health['driver']) {
    this.#driver = driver;
  }

  start(): void {
    this.#loop.enable();
    this.#beatMs = performance.now();
    this.#beatWallMs = Date.now();
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS);
    this.sample(0);
  }

  stop(): void {
    this.#loop.disable();
    clearInterval(this.#heartbeat);
  }

  /** An arrival was issued so much later than it was due. */
  issued(lagUs: number): void {
    this.#lag.recordValue(Math.min(3_600_000_000, Math.max(0, Math.round(lagUs))));
    this.#lagCounts[lagClass(lagUs / 1000)]! += 1;
  }

  localLimit(): void {
    this.#localLimitErrors++;
  }

  /** The figures since the last call. */
  sample(second: number): Health {
    this.#beat();
    const nowMs = performance.now();
    const used = process.cpuUsage(this.#cpu);
    const cpuShare = (used.user + used.system) / 1000 / Math.max(1, nowMs - this.#atMs);
    this.#recentCpu.push(cpuShare);
    if (this.#recentCpu.length > CPU_MEMORY_S) this.#recentCpu.shift();
    const figures: Figures = {
      schedulingLagP99Ms: this.#lag.totalCount === 0 ? 0 : this.#lag.getValueAtPercentile(99) / 1000,
      // An idle loop shows the sampling interval itself.
      eventLoopDelayP99Ms: this.#loop.count === 0 ? 0 : Math.max(0, this.#loop.percentile(99) / 1e6 - RESOLUTION_MS),
      cpuShare,
      clockJumpMs: this.#jumpMs,
      localLimitErrors: this.#localLimitErrors,
    };
    const recent = this.#recentCpu.reduce((sum, share) => sum + share, 0) / this.#recentCpu.length;
    const enough = this.#recentCpu.length === CPU_MEMORY_S;
    const invalid = brokenGate({ ...figures, cpuShare: enough ? recent : 0 });
    const lagCounts = this.#lagCounts;
    this.#lagCounts = noCounts();
    this.#loop.reset();
    this.#lag.reset();
    this.#cpu = process.cpuUsage();
    this.#atMs = nowMs;
    this.#jumpMs = 0;
    this.#localLimitErrors = 0;
    const rssBytes = residentBytes();
    return {
      driver: this.#driver,
      second,
      ...figures,
      lagCounts,
      ...(rssBytes === undefined ? {} : { rssBytes }),
      ...(invalid === undefined ? {} : { invalid }),
    };
  }

  #beat(): void {
    const nowMs = performance.now();
    const wallMs = Date.now();
    // The monotonic clock stands still while a machine is suspended; only the wall clock shows that.
    const gapMs = Math.max(nowMs - this.#beatMs, wallMs - this.#beatWallMs);
    this.#jumpMs = Math.max(this.#jumpMs, gapMs - HEARTBEAT_MS);
    this.#beatMs = nowMs;
    this.#beatWallMs = wallMs;
  }
}

function noCounts(): number[] {
  return Array.from({ length: LAG_LADDER_MS.length + 1 }, () => 0);
}

/** Undefined where it can't be read: it needs a file descriptor, and this process may just have run out of them. */
function residentBytes(): number | undefined {
  try {
    return process.memoryUsage.rss();
  } catch {
    return undefined;
  }
}
