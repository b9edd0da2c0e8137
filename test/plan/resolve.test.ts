import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { describePlan, resolvePlan } from '../../src/plan/index.js';
import { formatProblems } from '../../src/scenario/index.js';
import { targetKeys } from '../../src/run/register.js';
import { BASE, changed, valid } from '../scenario/base.js';

const folder = mkdtempSync(join(tmpdir(), 'plimsoll-plan-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function resolved(text: string, options: { allowHosts?: string[]; seed?: number } = {}) {
  return resolvePlan(valid(text), { allowHosts: [], cwd: folder, ...options });
}
function planOf(text: string, options: { allowHosts?: string[]; seed?: number } = {}) {
  const { plan, problems } = resolved(text, options);
  if (!plan) throw new Error(formatProblems(problems, { colour: false }));
  return plan;
}

describe('the plan of a scenario', () => {
  it('has the defaults filled in', () => {
    const plan = planOf(changed('warmup: 3s, ', ''));
    expect(plan).toMatchObject({
      seed: 1,
      trials: 1,
      phases: { warmupMs: 3000, baselineMs: 20_000, faultMs: 20_000, recoveryMs: 10_000 },
      stop: { enabled: true, errorRatio: 0.5, forMs: 5000, minBad: 20, beyondObjective: false },
    });
    expect(plan.load.streams[0]).toMatchObject({
      model: 'open',
      arrivals: 'uniform',
      connections: 50,
      inFlightCap: 1000, // 2 × 100/s × 5 s
      requests: [{ method: 'GET', url: 'http://127.0.0.1:7080/checkout', deadlineMs: 5000 }],
    });
    expect(plan.slos[0]).toMatchObject({ severity: 'critical', confidence: 0.95, direction: 'worse', combine: 'all' });
  });

  it('knows how many processes a command must fit, and registers it by its text', () => {
    const two = 'order: { process: { command: node order.js, count: 2 } }';
    const { system } = planOf(changed('order: { process: { listening: [127.0.0.1:7201, 127.0.0.1:7202] } }', two));
    expect(system.services[1]).toMatchObject({ name: 'order', how: 'command', command: 'node order.js', count: 2 });
    expect(targetKeys(system)).toContain('command node order.js');
  });

  it('keeps room for 100 requests in flight, however slow the rate', () => {
    expect(planOf(changed('100/s', '6/min')).load.streams[0]).toMatchObject({ ratePerSecond: 0.1, inFlightCap: 100 });
  });

  it("takes the command line's seed before the scenario's", () => {
    const text = changed('faults:', 'seed: 7\nfaults:');
    expect([planOf(text).seed, planOf(text, { seed: 9 }).seed, planOf(text, { seed: 9 }).load.seed]).toEqual([7, 9, 9]);
  });

  it('writes repetitions out, in the order of time, with the settings as they were written', () => {
    const { faults } = planOf(changed('latency: 150ms', 'latency: 150ms, at: 2s, for: 3s, every: 6s'));
    expect(faults.map(({ id, atMs, forMs }) => [id, atMs, forMs])).toEqual([
      ['f1.1', 2000, 3000],
      ['f1.2', 8000, 3000],
      ['f2', 10_000, undefined],
      ['f1.3', 14_000, 3000],
    ]);
    expect(faults[0]?.settingsText).toEqual({ link: 'order-payment', latency: '150ms' });
    expect(faults[0]?.settings).toMatchObject({ latency: 150, jitter: 0, direction: 'downstream' });
  });

  it('holds the files of the load', () => {
    writeFileSync(join(folder, 'body.bin'), Buffer.from([0, 255]));
    writeFileSync(join(folder, 'users.csv'), 'id,name\n1,ada\n2,"lovelace, a."\n');
    const text = changed(
      'path: /checkout }',
      "path: '/{{name}}', method: POST, body: { file: body.bin } }\n      data: { name: { csv: { file: users.csv, column: name } } }",
    );
    expect(planOf(text).load.streams[0]).toMatchObject({
      requests: [{ body: Buffer.from([0, 255]) }],
      data: { name: { kind: 'csv', rows: ['ada', 'lovelace, a.'] } },
    });
    writeFileSync(join(folder, 'empty.csv'), '');
    writeFileSync(join(folder, 'torn.csv'), 'id,name\n1\n');
    for (const [from, to] of [
      ['users.csv', 'empty.csv'],
      ['users.csv', 'torn.csv'],
      ['body.bin', 'none.bin'],
      ['users.csv', 'none.csv'],
      ['column: name', 'column: nmae'],
    ] as const) {
      const { plan, problems } = resolved(changed(from, to, text));
      expect(plan).toBeUndefined();
      expect(
        problems.map(({ location }) => location.line),
        to,
      ).toEqual([expect.any(Number)]);
    }
  });
});

describe('a tolerance', () => {
  const warnings = (text: string) => planOf(text).warnings.map(({ code }) => code);

  it('that is looser than the objective leaves room for is warned of', () => {
    expect(warnings(changed("objective: '>= 99%', tolerance: 1pp", "objective: '>= 99%', tolerance: 2pp"))).toContain(
      'tolerance_looser_than_slo',
    );
    expect(warnings(BASE)).not.toContain('tolerance_looser_than_slo');
  });
});

describe('hosts beyond this machine', () => {
  const elsewhere = 'db.example.test';
  const target = (host: string) => changed('http://127.0.0.1:7080/items', `http://${host}/items`);

  it.each([
    ['a request', target(elsewhere)],
    ['an upstream', changed('upstream: 127.0.0.1:7203', `upstream: ${elsewhere}:7203`)],
    ['a listener', changed('listen: 127.0.0.1:7303', `listen: ${elsewhere}:7303`)],
    ['a Toxiproxy', changed('  services:', `  toxiproxy: http://${elsewhere}:8474\n  services:`)],
    ['a readiness check', changed('  services:', `  ready: http://${elsewhere}/\n  services:`)],
    [
      'a metrics page',
      changed("url: 'http://127.0.0.1:7080'", `metrics: 'http://${elsewhere}/', url: 'http://[::1]:80'`),
    ],
  ])('%s needs both the scenario and the command line', (_what, text) => {
    const allowed = changed('faults:', `allow: [${elsewhere}]\nfaults:`, text);
    const codes = (scenario: string, allowHosts: string[]) =>
      resolved(scenario, { allowHosts }).problems.map(({ code }) => code);
    expect(codes(text, [])).toEqual(['host_not_allowed']);
    expect(codes(text, [elsewhere])).toEqual(['host_not_allowed']);
    expect(codes(allowed, [])).toEqual(['host_not_allowed']);
    expect(codes(allowed, [elsewhere])).toEqual([]);
  });

  it('an upstream may be a container of the scenario, where a Toxiproxy dials it from inside', () => {
    const composed = changed(
      'listen: 127.0.0.1:7303, upstream: 127.0.0.1:7203',
      'listen: 0.0.0.0:7303, upstream: payment-box:7203, via: 127.0.0.1:7303',
      changed('  services:', `  toxiproxy: http://127.0.0.1:8474\n  services:\n    box: { container: payment-box }`),
    );
    const codes = (text: string) => resolved(text).problems.map(({ code }) => code);
    expect(codes(composed)).toEqual([]);
    const labelled = (to: string): string => changed('container: payment-box', `container: ${to}`, composed);
    expect(codes(labelled('{ compose: payment-box }'))).toEqual([]);
    expect(codes(labelled('{ label: name=payment-box }'))).toEqual(['host_not_allowed']);
    expect(codes(changed('payment-box:7203', 'other-box:7203', composed))).toEqual(['host_not_allowed']);
    expect(codes(changed('  toxiproxy: http://127.0.0.1:8474\n', '', composed))).toEqual(['host_not_allowed']);
    expect(codes(changed(', via: 127.0.0.1:7303', '', composed))).toContain('host_not_allowed');
    expect(codes(changed('via: 127.0.0.1:7303', `via: ${elsewhere}:7303`, composed))).toEqual(['host_not_allowed']);
  });

  it.each(['127.0.0.1.example.test', 'localhost.example.test', 'a@example.test', '0.0.0.0', '10.0.0.1', '[::2]'])(
    '%s is one of them',
    (host) => expect(resolved(target(host)).problems.map(({ code }) => code)).toEqual(['host_not_allowed']),
  );

  it.each(['localhost:80', '127.8.9.1', '[::1]:80', '2130706433'])('%s is not', (host) =>
    expect(resolved(target(host)).problems).toEqual([]),
  );
});

describe('the plan in words', () => {
  const text = describePlan(planOf(BASE), [
    {
      id: 'f1',
      type: 'latency',
      resolved: {
        id: 'f1',
        type: 'latency',
        summary: 'payment answers 150 ms late',
        targets: [],
        undo: ['remove the toxic'],
      } as never,
    },
    { id: 'f2', type: 'process-kill', unresolved: 'the system is not started yet' },
  ]);

  it('says what is broken and put back, when, with how much load, and how to stop it', () => {
    for (const part of ['payment answers 150 ms late, at 0 ms for 20 s', 'undone by: remove the toxic', 'Ctrl-C']) {
      expect(text.replace(/\s+/g, ' ')).toContain(part);
    }
    expect(text.replace(/\s+/g, ' ')).toContain('f2 process-kill, at 10 s: the system is not started yet');
    expect(text).toContain('100/s');
    expect(text.trimEnd().endsWith('Nothing was injected.')).toBe(true);
  });

  it('fits into 100 columns', () => {
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });
});
