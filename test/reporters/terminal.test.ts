import { describe, expect, it } from 'vitest';
import type { EventBody, EventType, RunEvent } from '../../src/record/events.js';
import type { ReporterOutput, TerminalOptions } from '../../src/reporters/reporter.js';
import { terminalReporter } from '../../src/reporters/terminal.js';
import { widthOf } from '../../src/reporters/text.js';
import type { Clock } from '../../src/support/clock.js';
import { ATTACKS, sampleResult } from '../support/sample-result.js';
import { Screen } from '../support/screen.js';

/** A terminal reporter fed with events at chosen times; its clock stands at the time of the last event. */
function rig(terminal?: Partial<TerminalOptions>) {
  let nowUs = 0;
  let seq = 0;
  const chunks: string[] = [];
  const out: string[] = [];
  const clock: Clock = { nowUs: () => nowUs, wall: () => new Date(0), sleep: () => Promise.resolve() };
  const output: ReporterOutput = {
    directory: '/runs/r1',
    path: undefined,
    out: (text) => void out.push(text),
    err: (text) => void chunks.push(text),
    ...(terminal === undefined ? {} : { terminal: { columns: 80, isTerminal: true, colour: false, ...terminal } }),
  };
  const reporter = terminalReporter(output, clock);
  return {
    chunks,
    out,
    reporter,
    text: () => chunks.join(''),
    at<T extends EventType>(t: number, type: T, body: EventBody<T>) {
      nowUs = t * 1e6;
      reporter.onEvent?.({ v: 1, seq: ++seq, t, type, ...body } as unknown as RunEvent);
    },
  };
}
type Rig = ReturnType<typeof rig>;

function start(run: Rig, name = 'payment-slow', stream = 'checkouts') {
  run.at(0, 'run.started', {
    runId: 'r1',
    wallTime: '2026-03-02T09:41:07Z',
    t0Us: 0,
    scenario: { name, description: '', file: '', text: '', sha256: '' },
    seed: 7,
    streams: [{ name: stream, model: 'open', requests: ['checkout'], deadlinesUs: [2e6] }],
    phases: { warmupS: 3, baselineS: 20, faultS: 20, recoveryS: 10 },
    versions: {},
    host: { platform: 'linux', release: '6', arch: 'x64', cpus: 8, cpuModel: 'x', memoryBytes: 1 },
    commandLine: 'plimsoll run',
  });
}

function second(run: Rig, t: number, stream = 'checkouts', ok = 248) {
  const none = { p50: null, p95: null, p99: null, max: null };
  run.at(t, 'second', {
    stream,
    second: t - 1,
    final: false,
    scheduled: 250,
    outcomes: { ok, ...(ok < 250 ? { timeout: 250 - ok } : {}) },
    open: 0,
    responseOk: none,
    responseAll: { p50: 0.02, p95: 0.041, p99: 0.06, max: 0.2 },
    service: none,
    schedulingLag: none,
    inFlight: 3,
  });
}

const fault = {
  fault: 'f1',
  faultType: 'latency',
  summary: 'payment answers 150 ± 10 ms late',
  targets: [{ kind: 'link' as const, name: 'order-payment', detail: '' }],
};
const proof = { status: 'confirmed' as const, method: 'ping', finding: '150.9 ms more', measured: {} };

function story(run: Rig, name?: string, stream?: string) {
  start(run, name, stream);
  run.at(0, 'plan.resolved', {
    slos: [],
    faults: [
      {
        id: 'f1',
        type: 'latency',
        title: 'Added latency',
        summary: fault.summary,
        settings: {},
        duration: 'lasting',
        atS: 0,
        proofOptional: false,
        targets: [],
        undo: [],
      },
    ],
    invariants: [],
    topology: { services: [], links: [] },
    power: [],
    warnings: [],
  });
  run.at(0, 'phase.started', { phase: 'warmup', trial: 1, plannedS: 3 });
  for (let t = 1; t <= 3; t++) second(run, t, stream);
  run.at(3, 'phase.started', { phase: 'baseline', trial: 1, plannedS: 20 });
  for (let t = 4; t <= 23; t++) second(run, t, stream);
  run.at(23.01, 'fault.requested', fault);
  run.at(23.02, 'fault.injected', fault);
  run.at(23.4, 'fault.proven', { ...fault, proof });
  run.at(23.4, 'phase.started', { phase: 'fault', trial: 1, plannedS: 20 });
  for (let t = 24; t <= 30; t++) second(run, t, stream);
}

describe('plain progress, where nobody watches', () => {
  it('is a line for each phase change and fault, and a heartbeat after ten seconds of silence', async () => {
    const run = rig();
    story(run);
    run.at(43.4, 'undo.proven', { fault: 'f1', faultType: 'latency', proof });
    const lines = run.text().trimEnd().split('\n');
    expect(lines.map((line) => line.replace(/ · .*/, ''))).toEqual([
      '[ 0:00] payment-slow (run r1, seed 7)',
      '[ 0:00] warmup, 3 s',
      '[ 0:03] baseline, 20 s',
      '[ 0:13] baseline',
      '[ 0:23] baseline',
      '[ 0:23] f1 payment answers 150 ± 10 ms late (confirmed: 150.9 ms more)',
      '[ 0:23] fault, 20 s',
      '[ 0:43] f1 latency undone (confirmed: 150.9 ms more)',
    ]);
    expect(lines[3]).toBe('[ 0:13] baseline · checkouts 250/s, errors 0.8 %, p95 41 ms · 40 s left');
    expect(run.text()).not.toContain('\u001B');
    await run.reporter.onEnd?.(sampleResult());
    expect(run.out.join('')).toMatch(/^✓ PASSED payment-slow: [\s\S]*\nReport: \/runs\/r1\/report\.html\n$/);
  });

  it('says nothing but the summary when it is to be quiet', async () => {
    const run = rig({ isTerminal: false, verbosity: 'quiet' });
    story(run);
    expect(run.chunks).toEqual([]);
    await run.reporter.onEnd?.(sampleResult());
    expect(run.out.join('')).toContain('PASSED');
  });

  it('says more when it is to be verbose', () => {
    const run = rig({ isTerminal: false, verbosity: 'verbose' });
    story(run);
    expect(run.text()).toContain('f1 latency: requested');
    expect(run.text()).toContain('f1 latency: injected');
  });
});

describe('the live display', () => {
  it('redraws one block in place, under the log', () => {
    const run = rig({});
    story(run);
    const screen = new Screen(80);
    screen.write(run.text());
    expect(screen.lines()).toEqual([
      '[ 0:00] payment-slow (run r1, seed 7)',
      '[ 0:00] warmup, 3 s',
      '[ 0:03] baseline, 20 s',
      '[ 0:23] f1 payment answers 150 ± 10 ms late (confirmed: 150.9 ms more)',
      '[ 0:23] fault, 20 s',
      expect.stringMatching(/^[━─]+ payment-slow · fault 0:06 of 0:20 · 0:30, 0:23 left$/),
      '  checkouts  250/s, errors 0.8 %, p95 41 ms',
      expect.stringMatching(/^ {2}▲ f1 payment answers 150 ± 10 ms late 0:13 left$/),
    ]);
  });

  it('counts what no plan knows (the start, the undo) neither as done nor as left', () => {
    const run = rig({});
    story(run);
    run.at(43.4, 'phase.started', { phase: 'undoing', trial: 1 });
    run.at(49, 'phase.started', { phase: 'recovery', trial: 1, plannedS: 10 });
    second(run, 55);
    const screen = new Screen(80);
    screen.write(run.text());
    expect(screen.lines()).toContainEqual(
      expect.stringMatching(/^━+─+ payment-slow · recovery 0:06 of 0:10 · 0:55, 0:04 left$/),
    );
  });

  it('makes each redraw one write that overwrites before it erases, in a synchronised update', () => {
    const run = rig({});
    story(run);
    for (const chunk of run.chunks) {
      expect(chunk.startsWith('\u001B[?2026h')).toBe(true);
      expect(chunk.endsWith('\u001B[J\u001B[?2026l')).toBe(true);
      // A whole line or screen erased before its text is there is what flickers.
      expect(chunk).not.toContain('\u001B[2J');
      expect(chunk).not.toContain('\u001B[2K');
    }
  });

  it('leaves a clean log and no block behind', async () => {
    const run = rig({});
    story(run);
    await run.reporter.onEnd?.(sampleResult());
    const screen = new Screen(80);
    screen.write(run.text());
    expect(screen.lines().at(-1)).toBe('[ 0:23] fault, 20 s');
  });

  it('takes the fault out of the block when its undo is proven', () => {
    const run = rig({});
    story(run);
    run.at(43.4, 'undo.proven', { fault: 'f1', faultType: 'latency', proof });
    const screen = new Screen(80);
    screen.write(run.text());
    expect(screen.lines().some((line) => line.includes('▲'))).toBe(false);
  });

  it.each([40, 80, 200])('never draws a block line wider than %i columns', (columns) => {
    for (const attack of ATTACKS) {
      const run = rig({ columns });
      story(run, attack, attack);
      const block = run.chunks.at(-1) ?? '';
      for (const line of block.split('\n')) {
        const shown = line.replaceAll(/\p{Cc}\[[?0-9]*[a-zA-Z]|\r/gu, '');
        expect(shown).not.toMatch(/\p{Cc}/u);
        expect(widthOf(shown)).toBeLessThan(columns);
      }
    }
  });

  it('uses colour only where it may', () => {
    const plain = rig({});
    story(plain);
    expect(plain.text()).not.toMatch(/\p{Cc}\[\d+m/u);
    const coloured = rig({ colour: true });
    story(coloured);
    expect(coloured.text()).toMatch(/\p{Cc}\[1m/u);
  });

  it('puts notices above the block', () => {
    const run = rig({});
    story(run);
    run.reporter.onNotice?.('warning: something beside the run');
    const screen = new Screen(80);
    screen.write(run.text());
    const lines = screen.lines();
    expect(lines.filter((line) => line.includes('checkouts  250/s'))).toHaveLength(1);
    expect(lines).toContain('warning: something beside the run');
  });
});
