import { RunResult, type FaultResult, type Series } from '../../src/result/schema.js';
import type { Outcome } from '../../src/record/outcomes.js';
import { random } from '../../src/support/random.js';
import { drawStream, driverHealth, round, timesOf, type SampleShape } from './sample-load.js';
import { SLOS } from './sample-slos.js';
import { SCENARIO_TEXT, sampleEvents, sampleFaults } from './sample-story.js';

const SHAPE: SampleShape = {
  warmupS: 3,
  baselineS: 20,
  faultS: 20,
  recoveryS: 10,
  ratePerSecond: 250,
  shoppersPerSecond: 74,
};

/**
 * A result as a real run of about 55 s would leave it: checkouts at 250/s and eight shoppers, payment 150 ms late, one
 * replica of order killed half-way. Made from a seed, so the same call gives the same result; its arrivals are drawn one
 * by one, so that ledger, series, distribution and samples agree with each other.
 */
export function sampleResult(seed = 7, shape: Partial<SampleShape> = {}): RunResult {
  const key = JSON.stringify([seed, shape]);
  const made = MADE.get(key) ?? makeSample(seed, shape);
  MADE.set(key, made);
  return structuredClone(made);
}

/** Drawing every arrival takes a while, and tests ask for the same sample again and again. */
const MADE = new Map<string, RunResult>();

function makeSample(seed: number, shape: Partial<SampleShape>): RunResult {
  const full = { ...SHAPE, ...shape };
  const times = timesOf(full);
  const checkouts = drawStream('checkouts', full.ratePerSecond, times, random(seed, 'checkouts'));
  const shoppers = drawStream('shoppers', full.shoppersPerSecond, times, random(seed, 'shoppers'));
  const drawn = [checkouts, shoppers];
  const faults = sampleFaults(times);
  return RunResult.parse({
    schema: 1,
    run: {
      id: 'r7k2m9',
      scenario: {
        name: 'payment-slow',
        description: 'Checkout keeps its SLOs while payment answers 150 ms late over gRPC.',
        file: 'scenarios/payment-slow.yaml',
        text: SCENARIO_TEXT,
        sha256: '9f2c61d04b7e83a5c1f0e6d2b8a7934c5d1e0f6a7b8c9d0e1f2a3b4c5d6e7f80',
      },
      seed,
      startedAt: '2026-03-02T09:41:07.214Z',
      durationS: round(times.end + 1.3, 3),
      complete: true,
      environment: {
        versions: { plimsoll: '0.1.0', node: '20.19.5', undici: '7.30.2', autocannon: '9.0.0', proxy: 'embedded' },
        host: {
          platform: 'linux',
          release: '6.8.0',
          arch: 'x64',
          cpus: 8,
          cpuModel: 'AMD Ryzen 7 7840U',
          memoryBytes: 33_322_000_000,
        },
        gitCommit: '3f8e21c',
        commandLine: 'plimsoll run scenarios/payment-slow.yaml --seed 7',
      },
    },
    verdict: 'passed',
    exitCode: 0,
    sentence:
      'both critical SLOs held: checkout p95 rose from 41 to 196 ms (+155 ms, 95 % sure of at most +161; tolerance +200 ms) while payment answered 150 ms late',
    cleanup: { proven: true, sentence: 'Both faults are undone, and each undo was measured.', byHand: [] },
    slos: SLOS.passed,
    budget: {
      name: 'shop',
      objective: 0.999,
      method: 'occurrences',
      environment: 'test',
      periodS: 2_592_000,
      cost: { value: 0.000_241, low: 0.000_122, high: 0.000_409 },
      impactS: 30,
      bad: 8,
      total: 12_480,
      slices: { bad: 0, total: 1, ratioSum: 0.000_64 },
      burnRate: 0.9,
      largestBurnRate: 1000,
      abort: { perHour: 0.05, burnRate: 36, errorRatio: 0.036 },
      bearable: 2444,
      assumptions: ['the share that was bad in this run would have been bad in production too'],
      sentence:
        '30 s of this would have cost 0.0241 % of the error budget (between 0.0122 % and 0.0409 %); it would never have alerted anybody',
    },
    alerts: [
      alert('page', 3600, 14.4, null),
      alert('page', 21_600, 6, null),
      alert('ticket', 86_400, 3, null),
      alert('ticket', 259_200, 1, null),
    ],
    invariants: [
      {
        name: 'nothing lost',
        held: true,
        expected: '{"lost":0,"doubled":0}',
        found: '{"lost":0,"doubled":0}',
        message: 'no order was lost and none was charged twice',
      },
    ],
    faults,
    phases: [
      { phase: 'preparing', trial: 1, startS: -1.2, endS: 0 },
      { phase: 'warmup', trial: 1, startS: 0, endS: times.baseline },
      { phase: 'baseline', trial: 1, startS: times.baseline, endS: times.baselineEnd },
      { phase: 'injecting', trial: 1, startS: times.baselineEnd, endS: times.fault },
      { phase: 'fault', trial: 1, startS: times.fault, endS: times.faultEnd },
      { phase: 'undoing', trial: 1, startS: times.faultEnd, endS: times.recovery },
      { phase: 'recovery', trial: 1, startS: times.recovery, endS: times.end },
      { phase: 'judging', trial: 1, startS: times.end, endS: round(times.end + 1.3, 3) },
    ],
    windows: [
      { window: 'baseline', trial: 1, startS: times.baseline, endS: times.baselineEnd },
      { window: 'fault', trial: 1, startS: times.fault, endS: times.faultEnd },
      { window: 'recovery', trial: 1, startS: times.recovery, endS: times.end },
    ],
    ledger: drawn.flatMap((stream) => stream.ledger),
    series: drawn.map((stream) => stream.series),
    distribution: drawn.flatMap((stream) => stream.distribution),
    samples: drawn.flatMap((stream) => stream.samples),
    health: drawn.map((stream) => driverHealth(stream.series, random(seed, `${stream.series.stream} health`))),
    capacity: { perSecond: 1180, spread: 0.04, driverBound: false, connections: 32, rounds: [1152, 1180, 1201] },
    marks: [
      {
        kind: 'breached',
        atS: round(times.fault + 2, 1),
        subject: 'browse p99',
        message: 'browse p99 is above its drift limit',
      },
      {
        kind: 'recovered',
        atS: round(times.recovery + 1.4, 1),
        subject: 'checkout p95',
        message: 'checkout p95 is back below 61 ms, 1.4 s after the undo was proven',
      },
    ],
    looks: [],
    // Every field has something in it, so that all of them are seen under attack; nobody's roll-back in a sound run.
    gate: [],
    topology: {
      services: [
        { name: 'gateway', detail: 'http://127.0.0.1:7080' },
        { name: 'order', detail: '2 replicas, listening on 127.0.0.1:7201 and 7202' },
        { name: 'payment', detail: 'pid 48213, listening on 127.0.0.1:7203' },
        { name: 'settlement', detail: 'container shop-settlement' },
      ],
      links: [
        link('gateway-order', 'gateway', 'order', 7301, 7201, 'http'),
        link('order-payment', 'order', 'payment', 7303, 7203, 'grpc'),
        link('payment-settlement', 'payment', 'settlement', 7304, 7204, 'mqtt'),
      ],
    },
    evidence: [
      { file: 'logs/order.log', what: 'what order printed, both replicas' },
      { file: 'evidence/order-kill-metrics.prom', what: 'metrics of order, 5 s before the kill to 10 s after it' },
    ],
    events: sampleEvents(times),
    warnings: [
      {
        code: 'provisional',
        message:
          'One pair of windows was run; a release gate wants `trials: 4`, so that a trend cannot pass for drift.',
      },
    ],
    gameDay: undefined,
  } satisfies Record<keyof RunResult, unknown>);
}

/**
 * A run of 30 minutes with 1,000 arrivals a second in each of two streams: for the size of what is made from it. One in
 * 25 is drawn, and the counts are multiplied.
 */
export function longResult(seed = 7): RunResult {
  const drawn = 40;
  const factor = 1000 / drawn;
  const times = (column: number[]): number[] => column.map((count) => count * factor);
  const timesEach = <T extends number | number[]>(counts: Partial<Record<Outcome, T>>, scale: (value: T) => T) =>
    Object.fromEntries(Object.entries(counts).map(([outcome, value]) => [outcome, scale(value)]));
  const result = sampleResult(seed, {
    warmupS: 30,
    baselineS: 600,
    faultS: 900,
    recoveryS: 270,
    ratePerSecond: drawn,
    shoppersPerSecond: drawn,
  });
  return RunResult.parse({
    ...result,
    ledger: result.ledger.map((row) => ({
      ...row,
      scheduled: row.scheduled * factor,
      outcomes: timesEach(row.outcomes, (count) => count * factor),
    })),
    series: result.series.map((series) => ({
      ...series,
      scheduled: times(series.scheduled),
      ok: times(series.ok),
      outcomes: timesEach(series.outcomes, times),
    })),
  });
}

/** The other ends that a run can come to, each made from `sampleResult`. */
export const variants = {
  failed: (): RunResult => ({
    ...sampleResult(),
    verdict: 'failed',
    exitCode: 1,
    sentence:
      'checkout p95 rose from 41 to 196 ms (+155 ms, 95 % sure of at least +149; tolerance +50 ms) while payment answered 150 ms late',
    slos: SLOS.failed,
    gate: [
      {
        severity: 'critical',
        because: ['checkout p95 rose from 41 to 196 ms (+155 ms, 95 % sure of at least +149; tolerance +50 ms)'],
        command: './deploy/rollback.sh --to previous',
        done: true,
        message: 'done after 8.2 s',
      },
      {
        severity: 'warning',
        because: ['browse p99 is over its line'],
        command: './deploy/shed-load.sh',
        done: false,
        message: 'the command ended with exit code 4 after 31 ms; it printed: no such release',
      },
    ],
    marks: [
      ...sampleResult().marks,
      { kind: 'breached', atS: 24.6, subject: 'checkout p95', message: 'checkout p95 is above 91 ms' },
    ],
  }),
  inconclusive: (): RunResult => ({
    ...sampleResult(),
    verdict: 'inconclusive',
    exitCode: 3,
    sentence:
      'availability is undecided: 1 bad arrival of 5,000 leaves room for a drift of 0.12 pp, and the tolerance is 0.1 pp; 7,400 arrivals a window would decide it',
    slos: SLOS.inconclusive,
  }),
  errored: (): RunResult => {
    const base = sampleResult();
    return {
      ...base,
      verdict: 'errored',
      exitCode: 3,
      sentence:
        'the fault latency (f1) did not take effect: the canary through order-payment was 0.3 ms slower, not 150 ms',
      slos: [],
      faults: base.faults.map((fault, at) =>
        at === 0
          ? {
              ...fault,
              proof: {
                status: 'mismatch',
                method: 'grpc ping through the link, before and during',
                finding: 'the ping took 0.9 ms before and 1.2 ms during: 0.3 ms more, where 150 ± 15 ms was ordered',
                measured: { beforeMs: 0.9, duringMs: 1.2, orderedMs: 150 },
              },
              error: { code: 'fault_mismatch', message: 'measured +0.3 ms, ordered +150 ms' },
            }
          : neverInjected(fault),
      ),
      marks: [],
    };
  },
  aborted: (): RunResult => ({
    ...sampleResult(),
    verdict: 'aborted',
    exitCode: 3,
    sentence: 'the stop guard ended the run at 0:31: 58 % of the arrivals of five seconds failed (limit 50 %)',
    slos: SLOS.inconclusive,
    marks: [
      {
        kind: 'stop',
        atS: 31,
        subject: 'error ratio',
        message: '726 of 1,250 arrivals of 5 s failed (58 %, limit 50 %)',
      },
    ],
  }),
  uncleaned: (): RunResult => {
    const base = sampleResult();
    const byHand = 'curl -X DELETE http://127.0.0.1:8474/proxies/order-payment/toxics/plimsoll-r7k2m9-f1';
    return {
      ...base,
      exitCode: 4,
      cleanup: {
        proven: false,
        sentence:
          'Latency on order-payment may still be active: the proxy did not answer when its toxic was to be removed.',
        byHand: [byHand],
      },
      faults: base.faults.map((fault, at) =>
        at === 0
          ? {
              ...fault,
              undoDoneS: null,
              undoProvenS: null,
              undoProof: {
                status: 'unknown',
                method: 'grpc ping through the link',
                finding: 'no answer from the proxy on 127.0.0.1:8474',
                measured: {},
              },
              undo: fault.undo.map((record) => ({
                ...record,
                byHand,
                state: 'failed',
                message: 'connect ECONNREFUSED 127.0.0.1:8474',
              })),
            }
          : fault,
      ),
    };
  },
  killed: (): RunResult => {
    const base = sampleResult();
    return {
      ...base,
      run: { ...base.run, complete: false, durationS: 33.2 },
      verdict: 'aborted',
      exitCode: 3,
      sentence: 'the run was killed at 0:33; what follows is what its logs still tell',
      slos: [],
      invariants: [],
      phases: base.phases.filter((phase) => phase.startS < 33),
      windows: base.windows.filter((window) => window.endS < 33),
      series: base.series.map((series) => cutSeries(series, 33)),
      distribution: base.distribution.filter((row) => row.window === 'baseline'),
      events: base.events.filter((event) => event.t < 33),
      marks: base.marks.filter((mark) => mark.atS < 33),
    };
  },
  empty: (): RunResult => {
    const base = sampleResult();
    return {
      ...base,
      verdict: 'errored',
      exitCode: 3,
      sentence: 'the system was not ready after 30 s, so no arrival was sent and nothing was injected',
      slos: [],
      invariants: [],
      faults: base.faults.map(neverInjected),
      phases: [],
      windows: [],
      ledger: [],
      series: [],
      distribution: [],
      samples: [],
      health: [],
      capacity: null,
      marks: [],
      topology: { services: [], links: [] },
      evidence: [],
      events: [],
      warnings: [],
      cleanup: { proven: true, sentence: 'Nothing was injected.', byHand: [] },
    };
  },
  hostile: (): RunResult => hostileResult(),
} satisfies Record<string, () => RunResult>;

/** Strings that break out of HTML, SVG, XML, CSV, terminals or layouts where they are not escaped. */
export const ATTACKS = [
  '</script><script>document.title="owned"</script>',
  '<img src=x onerror="document.title=\'owned\'">',
  '"><svg/onload=document.title="owned">',
  "' onmouseover='document.title=1' x='",
  '&lt;b&gt; &amp; ]]> <![CDATA[ <!-- --> <?xml ?>',
  '\u202Eright to left\u202C שלום עולם',
  '\u0000\u0007\u001B[31mred\u001B[0m\u001B]0;owned\u0007\u009B2J\r\n\tnext',
  'javascript:document.title="owned"',
  '</style><style>body{display:none}</style>',
  `lone \uD800 surrogate \uFFFE \uFFFF`,
  'x'.repeat(10_000),
  '{{constructor}} ${process.exit(1)} %s %n `id` $(id)',
];

/** The failed sample with every free string replaced by an attack; enumerations keep their values. */
function hostileResult(): RunResult {
  let next = 0;
  const keep = new Set(
    'verdict window kind unit part worse severity outcome model driver duration status state code environment'.split(
      ' ',
    ),
  );
  const streams = new Map<string, string>();
  const attack = (): string => ATTACKS[next++ % ATTACKS.length] ?? '';
  // Figures by name stay figures: a record's keys are attacked, its numbers are kept.
  const walk = (value: unknown, key: string): unknown => {
    if (typeof value === 'string') {
      // `method` is free text, but for that of a budget.
      if (keep.has(key) || value === 'occurrences') return value;
      if (key === 'stream') {
        // The same stream keeps the same name wherever it is spoken of.
        const name = streams.get(value) ?? attack();
        streams.set(value, name);
        return name;
      }
      return attack();
    }
    if (Array.isArray(value)) return value.map((item) => walk(item, key));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => [
        key === 'versions' || key === 'settings' || key === 'measured' ? attack().slice(0, 200) : name,
        key === 'measured' && typeof inner === 'number' ? inner : walk(inner, name),
      ]),
    );
  };
  return RunResult.parse(walk({ ...variants.failed(), gameDay: sampleGameDay() }, ''));
}

function sampleGameDay(): NonNullable<RunResult['gameDay']> {
  return {
    blind: true,
    revealedS: 70,
    responses: [{ fault: 'f1', injectedS: 40, detectedS: 44, detectedBy: 'Ada', mitigatedS: null, mitigatedBy: '' }],
    notes: [{ atS: 44, who: 'Ada', text: 'slow', kind: 'detected' }],
    steps: [{ atS: 40, who: 'Grace', action: 'inject', subject: 'f1' }],
  };
}

function neverInjected(fault: FaultResult): FaultResult {
  return {
    ...fault,
    requestedS: null,
    injectedS: null,
    provenS: null,
    undoRequestedS: null,
    undoDoneS: null,
    undoProvenS: null,
    proof: null,
    undoProof: null,
    undo: fault.undo.map((record) => ({ ...record, state: 'pending' })),
  };
}

function cutSeries(series: Series, atS: number): Series {
  const count = atS - series.fromS;
  const cut = <T>(column: T[]): T[] => column.slice(0, count);
  return {
    ...series,
    scheduled: cut(series.scheduled),
    ok: cut(series.ok),
    outcomes: Object.fromEntries(Object.entries(series.outcomes).map(([outcome, column]) => [outcome, cut(column)])),
    p50S: cut(series.p50S),
    p95S: cut(series.p95S),
    p99S: cut(series.p99S),
    maxS: cut(series.maxS),
  };
}

function link(name: string, from: string, to: string, listen: number, upstream: number, protocol: string) {
  return { name, from, to, listen: `127.0.0.1:${listen}`, upstream: `127.0.0.1:${upstream}`, protocol };
}

/** An alert that did not fire in the run. */
function alert(severity: 'page' | 'ticket', longS: number, factor: number, ifLastedS: number | null) {
  const sentence = `would never have ${severity === 'page' ? 'paged' : 'opened a ticket'}`;
  return { severity, longS, shortS: longS / 12, factor, firedS: null, ifLastedS, before: false, sentence };
}
