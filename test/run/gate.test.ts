import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BreachAction, Plan } from '../../src/plan/plan.js';
import { resolvePlan } from '../../src/plan/resolve.js';
import { EventLog } from '../../src/record/event-log.js';
import { gateOf } from '../../src/result/gate.js';
import type { RunResult } from '../../src/result/schema.js';
import { actOnBreaches, breachesOf } from '../../src/run/gate.js';
import { parseScenario } from '../../src/scenario/index.js';
import { systemClock } from '../../src/support/clock.js';
import { BASE } from '../scenario/base.js';
import { sampleResult, variants } from '../support/sample-result.js';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'plimsoll-gate-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const action = (more: Partial<BreachAction> = {}): BreachAction => ({
  severity: 'critical',
  command: 'true',
  timeLimitMs: 5000,
  when: 'failed',
  ...more,
});

/** The sample, all of its SLOs with the verdicts of these severities. */
function result(
  verdict: RunResult['verdict'],
  by: Partial<Record<'critical' | 'warning' | 'info', string>> = {},
): RunResult {
  const sample = sampleResult();
  const slos = sample.slos.map((slo) => ({ ...slo, verdict: (by[slo.severity] ?? 'passed') as typeof slo.verdict }));
  return { ...sample, verdict, slos, invariants: [] };
}

describe('what a gate acts on', () => {
  it('critical: what failed the run; warning: SLOs of that severity; info: never', () => {
    expect(breachesOf(result('failed', { critical: 'failed' }), action()).length).toBeGreaterThan(0);
    expect(breachesOf(result('passed', { warning: 'failed', info: 'failed' }), action())).toEqual([]);
    expect(breachesOf(result('passed', { warning: 'failed' }), action({ severity: 'warning' })).length).toBeGreaterThan(
      0,
    );
    expect(breachesOf(result('passed', { info: 'failed' }), action({ severity: 'warning' }))).toEqual([]);
  });

  it('a violated invariant and a stop rule are breaches of their own', () => {
    const lost = { name: 'nothing lost', held: false, expected: 'lost: 0', found: 'lost: 2', message: 'lost is 2' };
    expect(breachesOf({ ...result('failed'), invariants: [lost] }, action())).toEqual(['lost is 2']);
    expect(breachesOf({ ...result('failed'), sentence: 'the guard stopped it' }, action())).toEqual([
      'the guard stopped it',
    ]);
  });

  it('what was not decided only where the scenario says so', () => {
    const open = result('inconclusive', { critical: 'inconclusive' });
    expect(breachesOf(open, action())).toEqual([]);
    expect(breachesOf(open, action({ when: 'not passed' }))[0]).toMatch(/was not decided$/);
  });

  it('never on a run that broke, was stopped or was killed: it proves nothing about the system', () => {
    const always = action({ when: 'not passed' });
    for (const broken of [variants.errored(), variants.aborted(), variants.killed()]) {
      expect(breachesOf({ ...broken, slos: result('failed', { critical: 'failed' }).slos }, always)).toEqual([]);
    }
  });
});

describe('acting', () => {
  let count = 0;
  const log = (): EventLog => EventLog.create(join(folder, `events-${count++}`), { t0Us: 0, clock: systemClock });
  async function act(actions: BreachAction[], of: RunResult): Promise<NonNullable<RunResult['gate']>> {
    const events = log();
    const plan = { onBreach: actions, system: { cwd: folder, env: { OWN: 'yes' } } } as unknown as Plan;
    await actOnBreaches(plan, of, { log: events, directory: '/runs/x' });
    events.close();
    return gateOf(events.events).gate ?? [];
  }

  it('runs the command where the system is, tells it why, and writes down what became of it', async () => {
    const script = join(folder, 'rollback.mjs');
    writeFileSync(
      script,
      `import { writeFileSync } from 'node:fs'; writeFileSync('told.json', JSON.stringify(process.env));`,
    );
    const [done, ...others] = await act(
      [action({ command: `node ${script}` })],
      result('failed', { critical: 'failed' }),
    );
    expect(others).toEqual([]);
    expect(done).toMatchObject({ severity: 'critical', done: true, command: `node ${script}` });
    expect(JSON.parse(readFileSync(join(folder, 'told.json'), 'utf8'))).toMatchObject({
      OWN: 'yes',
      PLIMSOLL_VERDICT: 'failed',
      PLIMSOLL_SEVERITY: 'critical',
      PLIMSOLL_RUN_DIRECTORY: '/runs/x',
      PLIMSOLL_BECAUSE: done!.because.join('\n'),
    });
  });

  it('says what went wrong with a command, and goes on with the next', async () => {
    const failed = result('failed', { critical: 'failed', warning: 'failed' });
    for (const [command, message] of [
      [`sh -c 'echo no such release >&2; exit 4'`, /exit code 4.*no such release/],
      ['sleep 30', /killed at its time limit/],
      ['/nowhere/rollback', /cannot be started/],
    ] as const) {
      const [critical, warning] = await act(
        [action({ command, timeLimitMs: 400 }), action({ severity: 'warning' })],
        failed,
      );
      expect(critical).toMatchObject({ done: false });
      expect(critical!.message).toMatch(message);
      expect(warning).toMatchObject({ severity: 'warning', done: true });
    }
  });

  it('one that was cut short is known to have been begun', () => {
    const events = log();
    events.append('gate.acting', { severity: 'critical', because: ['x'], command: 'rollback' });
    events.close();
    expect(gateOf(events.events).gate).toMatchObject([{ done: null }]);
    expect(gateOf([])).toEqual({});
  });
});

describe('onBreach in a scenario', () => {
  const plan = (block: string) => {
    const parsed = parseScenario(`${BASE}${block}`, 'x.yaml', {});
    return { parsed, resolved: parsed.scenario && resolvePlan(parsed.scenario, { allowHosts: [], cwd: folder }) };
  };

  it('is planned, the most severe first', () => {
    const { resolved } = plan(`onBreach:
  warning: { run: ./degrade, within: 5s, when: not passed }
  critical: { run: ./rollback --to previous }
`);
    expect(resolved?.plan?.onBreach).toEqual([
      { severity: 'critical', command: './rollback --to previous', timeLimitMs: 60_000, when: 'failed' },
      { severity: 'warning', command: './degrade', timeLimitMs: 5000, when: 'not passed' },
    ]);
  });

  it('knows no action for info, and says where a mistake is', () => {
    const { parsed } = plan(`onBreach:
  info: { run: ./rollback }
  critical: { run: ./rollback, when: maybe }
`);
    expect(parsed.problems.map(({ message }) => message).join('\n')).toMatch(/info[\s\S]*maybe|"failed"/);
    expect(parsed.problems.length).toBeGreaterThanOrEqual(2);
  });
});
