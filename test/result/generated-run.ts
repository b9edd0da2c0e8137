import { LAG_LADDER_MS, lagClass } from '../../src/record/lag-ladder.js';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ArrivalsFile } from '../../src/record/arrivals-file.js';
import { emptyColumns } from '../../src/record/arrivals-reader.js';
import type { ArrivalColumns, StreamHeader } from '../../src/record/arrivals.js';
import { EventLog } from '../../src/record/event-log.js';
import type { EventBody, EventType } from '../../src/record/events.js';
import { OUTCOMES, type Outcome } from '../../src/record/outcomes.js';
import type { Proof } from '../../src/record/proof.js';
import type { UndoRecord } from '../../src/record/undo.js';
import { random } from '../../src/support/random.js';
import type { Clock } from '../../src/support/clock.js';
import type { Slo } from '../../src/verdict/slo.js';

interface Arrival {
  dueUs: number;
  responseUs: number;
  outcome: Outcome;
  status?: number;
  request?: number;
}

export interface GeneratedRun {
  folder: string;
  /** Per second, open model. */
  rate?: number;
  baselineS?: number;
  faultS?: number;
  recoveryS?: number;
  /** Response time that the fault adds, in ms. */
  addedMs?: number;
  slos?: Slo[];
  proof?: Partial<Proof>;
  undoProof?: Partial<Proof>;
  proofOptional?: boolean;
  duration?: 'instant' | 'lasting';
  invariants?: EventBody<'plan.resolved'>['invariants'];
  /** Changes an arrival, or leaves it out. */
  arrival?: (arrival: Arrival, index: number) => Arrival | undefined;
  /** Drops or adds events on their way to the log. */
  event?: (
    type: EventType,
    body: Record<string, unknown>,
    atUs: number,
    log: (type: EventType, body: object, atUs: number) => void,
  ) => boolean | void;
}

export const undoRecord: UndoRecord = {
  kind: 'remove-toxic',
  id: 'f1/1',
  fault: 'f1',
  words: 'remove toxic plimsoll-f1 from link order-payment',
  byHand: 'curl -X DELETE http://127.0.0.1:8474/proxies/order-payment/toxics/plimsoll-f1',
  timeLimitMs: 1000,
  api: 'http://127.0.0.1:8474',
  proxy: 'order-payment',
  listen: '127.0.0.1:7303',
  toxic: 'plimsoll-f1',
};

/** Edges of the generated run, in microseconds from t0. */
export function edges({ baselineS = 20, faultS = 20, recoveryS = 10 }: Partial<GeneratedRun>) {
  const baseline = 3_000_000;
  const baselineEnd = baseline + baselineS * 1e6;
  const requested = baselineEnd + 20_000;
  const proven = requested + 100_000;
  const faultEnd = proven + faultS * 1e6;
  const undoProven = faultEnd + 150_000;
  const end = undoProven + recoveryS * 1e6;
  return { baseline, baselineEnd, requested, proven, faultEnd, undoProven, end };
}

export const slo = (over: Partial<Slo> = {}): Slo => ({
  name: 'availability',
  indicator: { type: 'availability' },
  indicatorText: 'availability',
  severity: 'critical',
  objective: { op: '>=', value: 0.9, during: 'fault' },
  objectiveText: '>= 90%',
  tolerances: [],
  combine: 'all',
  direction: 'worse',
  confidence: 0.95,
  minClusterSize: 1,
  ...over,
});

export const p95Slo = (over: Partial<Slo> = {}): Slo =>
  slo({
    name: 'p95',
    indicator: { type: 'latency', quantile: 0.95, population: 'all' },
    indicatorText: 'latency p95',
    objective: { op: '<=', value: 0.25, during: 'fault' },
    objectiveText: '<= 250ms',
    tolerances: [{ type: 'seconds', value: 0.2 }],
    toleranceText: '200ms',
    ...over,
  });

/** Writes `events.ndjson` and `arrivals.bin` of a run that never was, as the conductor would. */
export function generateRun(options: GeneratedRun): { events: string; arrivals: string } {
  const { folder, rate = 100, addedMs = 150, duration = 'lasting' } = options;
  mkdirSync(folder, { recursive: true });
  const at = edges(options);
  const proven = duration === 'instant' ? at.requested : at.proven;
  const streams: StreamHeader[] = [
    {
      name: 'checkouts',
      model: 'open',
      ratePerSecond: rate,
      arrivals: 'uniform',
      requests: ['checkout', 'look'],
      deadlinesUs: [2e6, 2e6],
    },
  ];
  const t0Us = 9_000_000_000;
  let nowUs = 0;
  const clock: Clock = { nowUs: () => t0Us + nowUs, wall: () => new Date(0), sleep: async () => {} };
  const log = EventLog.create(join(folder, 'events.ndjson'), { t0Us, clock });
  const write = (type: EventType, body: object, atUs: number): void => {
    nowUs = Math.max(nowUs, atUs);
    log.append(type, body as never);
  };
  const append = <T extends EventType>(type: T, body: EventBody<T>, atUs: number): void => {
    if (options.event?.(type, body as Record<string, unknown>, atUs, write) !== false) write(type, body, atUs);
  };

  append(
    'run.started',
    {
      runId: 'gen00001',
      wallTime: '2026-03-04T05:06:07.000Z',
      t0Us,
      scenario: {
        name: 'payment-slow',
        description: 'Checkout keeps its SLOs.',
        file: 'scenarios/payment-slow.yaml',
        text: 'plimsoll: 1\n',
        sha256: 'ab',
      },
      seed: 7,
      streams,
      phases: {
        warmupS: 3,
        baselineS: options.baselineS ?? 20,
        faultS: options.faultS ?? 20,
        recoveryS: options.recoveryS ?? 10,
      },
      versions: { plimsoll: '0.1.0' },
      host: { platform: 'linux', release: '6', arch: 'x64', cpus: 2, cpuModel: 'x', memoryBytes: 1 },
      commandLine: 'plimsoll run scenarios/payment-slow.yaml',
    },
    0,
  );
  const targets = [{ kind: 'link' as const, name: 'order-payment', detail: '127.0.0.1:7303 → 127.0.0.1:7203' }];
  append(
    'plan.resolved',
    {
      slos: options.slos ?? [slo(), p95Slo()],
      faults: [
        {
          id: 'f1',
          type: 'latency',
          title: 'Added latency',
          summary: 'payment answers 150 ms late',
          settings: { latency: '150ms' },
          duration,
          atS: 0,
          proofOptional: options.proofOptional ?? false,
          targets,
          undo: [undoRecord.words],
        },
      ],
      invariants: options.invariants ?? [],
      topology: { services: [{ name: 'order', detail: '' }], links: [] },
      power: [],
      warnings: [],
    },
    1000,
  );
  append('phase.started', { phase: 'warmup', trial: 1 }, 2000);

  // The arrivals, and the seconds as the driver would tell them.
  const chance = random(7, 'generated');
  const all: (Arrival & { index: number })[] = [];
  for (let i = 0; ; i++) {
    const dueUs = (i * 1e6) / rate;
    if (dueUs >= at.end) break;
    const slow = dueUs >= proven && dueUs < at.faultEnd;
    const responseUs = Math.round(20_000 + chance.next() * 20_000 + (slow ? addedMs * 1000 : 0));
    const arrival: Arrival = { dueUs, responseUs, outcome: 'ok', status: 200, request: i % 4 === 0 ? 1 : 0 };
    const changed = options.arrival ? options.arrival(arrival, i) : arrival;
    if (changed) all.push({ ...changed, index: i });
  }
  const bySecond = groupBySecond(all);
  const fault = { fault: 'f1', faultType: 'latency', summary: 'payment answers 150 ms late', targets };
  const undo = { fault: 'f1', faultType: 'latency' };
  const steps: [number, () => void][] = [
    [
      at.baseline,
      () => {
        append('phase.started', { phase: 'baseline', trial: 1 }, at.baseline);
        append('window.opened', { window: 'baseline', trial: 1, atUs: at.baseline }, at.baseline);
      },
    ],
    [
      at.baselineEnd,
      () => {
        append('window.closed', { window: 'baseline', trial: 1, atUs: at.baselineEnd }, at.baselineEnd);
        append('phase.started', { phase: 'checking', trial: 1 }, at.baselineEnd);
        append('phase.started', { phase: 'injecting', trial: 1 }, at.requested - 100);
      },
    ],
    [
      at.requested,
      () => {
        if (duration === 'instant') append('window.opened', { window: 'fault', trial: 1, atUs: proven }, at.requested);
        append('fault.requested', { ...fault }, at.requested);
        append('fault.injected', fault, at.requested + 30_000);
      },
    ],
    [
      at.proven,
      () => {
        append(
          'fault.proven',
          {
            ...fault,
            proof: { status: 'confirmed', method: 'ping', finding: '150 ms late', measured: {}, ...options.proof },
          },
          at.proven - 1000,
        );
        append('phase.started', { phase: 'fault', trial: 1 }, at.proven);
        if (duration === 'lasting') append('window.opened', { window: 'fault', trial: 1, atUs: proven }, at.proven);
      },
    ],
    [
      at.faultEnd,
      () => {
        append('window.closed', { window: 'fault', trial: 1, atUs: at.faultEnd }, at.faultEnd);
        append('phase.started', { phase: 'undoing', trial: 1 }, at.faultEnd);
        append('undo.requested', { ...undo, records: [undoRecord] }, at.faultEnd + 100);
        append(
          'undo.done',
          { ...undo, record: 'f1/1', words: undoRecord.words, alreadyDone: false },
          at.faultEnd + 50_000,
        );
      },
    ],
    [
      at.undoProven,
      () => {
        append(
          'undo.proven',
          {
            ...undo,
            proof: { status: 'confirmed', method: 'ping', finding: 'as before', measured: {}, ...options.undoProof },
          },
          at.undoProven,
        );
        append('phase.started', { phase: 'recovery', trial: 1 }, at.undoProven);
        append('window.opened', { window: 'recovery', trial: 1, atUs: at.undoProven }, at.undoProven);
      },
    ],
    [at.end, () => append('window.closed', { window: 'recovery', trial: 1, atUs: at.end }, at.end)],
  ];
  const file = ArrivalsFile.create(join(folder, 'arrivals.bin'), {
    formatVersion: 1,
    runId: 'gen00001',
    seed: 7,
    t0Us,
    streams,
  });
  const lastSecond = Math.ceil(at.end / 1e6);
  for (let second = 0; second <= lastSecond; second++) {
    while (steps[0] && steps[0][0] <= (second + 1) * 1e6) steps.shift()?.[1]();
    const members = bySecond.get(second) ?? [];
    if (members.length > 0) file.append({ stream: 0, columns: columnsOf(members) });
    // A schedule does not know what the test left out.
    const scheduled = Math.max(
      0,
      Math.ceil((Math.min((second + 1) * 1e6, at.end) * rate) / 1e6) - Math.ceil((second * 1e6 * rate) / 1e6),
    );
    if (scheduled === 0) continue;
    append(
      'second',
      {
        stream: 'checkouts',
        second,
        final: true,
        scheduled,
        outcomes: { ok: scheduled },
        open: 0,
        responseOk: { p50: 0.03, p95: 0.04, p99: 0.04, max: 0.04 },
        responseAll: { p50: 0.03, p95: 0.04, p99: 0.04, max: 0.04 },
        service: { p50: 0.03, p95: 0.04, p99: 0.04, max: 0.04 },
        schedulingLag: { p50: 0.0006, p95: 0.001, p99: 0.0015, max: 0.002 },
        inFlight: 3,
      },
      (second + 1) * 1e6,
    );
    append(
      'driver.health',
      {
        driver: 'open',
        second,
        schedulingLagP99Ms: 1.5,
        lagCounts: lagCounts({ 1.5: 100 }),
        eventLoopDelayP99Ms: 2,
        cpuShare: 0.1,
        clockJumpMs: 0,
        localLimitErrors: 0,
      },
      (second + 1) * 1e6,
    );
  }
  for (const [, step] of steps) step();
  for (const { name, expected } of options.invariants ?? []) {
    append('invariant.checked', { name, held: true, expected, found: expected, message: 'as expected' }, at.end + 1e6);
  }
  append('phase.started', { phase: 'judging', trial: 1 }, at.end + 2e6);
  append('run.ended', { verdict: 'passed', exitCode: 0, sentence: 'x', ledger: [], cleanupProven: true }, at.end + 3e6);
  file.close();
  log.close();
  return { events: log.path, arrivals: file.path };
}

function groupBySecond<T extends Arrival>(arrivals: readonly T[]): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const arrival of arrivals) {
    const second = Math.floor(arrival.dueUs / 1e6);
    const group = groups.get(second);
    if (group) group.push(arrival);
    else groups.set(second, [arrival]);
  }
  return groups;
}

function columnsOf(arrivals: readonly (Arrival & { index?: number })[]): ArrivalColumns {
  const columns = emptyColumns(arrivals.length);
  arrivals.forEach((arrival, k) => {
    columns.index[k] = arrival.index ?? k;
    columns.dueUs[k] = arrival.dueUs;
    columns.responseUs[k] = arrival.responseUs;
    columns.status[k] = arrival.status ?? 0;
    columns.outcome[k] = OUTCOMES.indexOf(arrival.outcome);
    columns.request[k] = arrival.request ?? 0;
  });
  return columns;
}

/** Arrivals by their scheduling lag in milliseconds, as `driver.health` counts them. */
export function lagCounts(byLagMs: Record<number, number>): number[] {
  const counts = Array.from({ length: LAG_LADDER_MS.length + 1 }, () => 0);
  for (const [lagMs, count] of Object.entries(byLagMs)) counts[lagClass(Number(lagMs))]! += count;
  return counts;
}
