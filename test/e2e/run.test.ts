import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Bench, isAlive, until } from './harness.js';

const LATENCY = '- { type: latency, link: front-back, latency: 60ms }';

/** Pids of everything that a run started. */
function startedBy(run: { events(): { type: string; pid?: number }[]; directory: string }): number[] {
  const journal = readFileSync(join(run.directory, 'journal.ndjson'), 'utf8');
  return [...journal.matchAll(/"pid":(\d+)/g)].map((match) => Number(match[1]));
}

// Each run takes its twenty seconds of baseline; they run beside each other at a low rate.
describe.concurrent('a run', { timeout: 120_000, retry: 0 }, () => {
  it('is undone by Ctrl-C, ends with 130, and still has its report', async () => {
    await using bench = await Bench.open();
    const run = bench.plimsoll('run', bench.scenario({ faults: LATENCY }));
    await run.event('fault.proven');
    run.child.kill('SIGINT');
    // As under npm, which passes on what the terminal has sent to everybody already.
    expect(await until(() => run.stderr.includes('again to hand the undo'), 5000)).toBeDefined();
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(130);
    expect(run.events().map(({ type }) => type)).toEqual(
      expect.arrayContaining(['signal', 'undo.proven', 'run.ended']),
    );
    expect(run.result).toMatchObject({ verdict: 'aborted', exitCode: 130, cleanup: { proven: true } });
    expect(existsSync(join(run.directory, 'report.html'))).toBe(true);
    expect(startedBy(run).filter(isAlive)).toEqual([]);
  });

  it('leaves at once on a second Ctrl-C: the watchdog undoes and ends everything', async () => {
    await using bench = await Bench.open();
    const run = bench.plimsoll(
      'run',
      bench.scenario({
        system: `start: ${bench.start('--slow-stop')}`,
        faults: '- { type: process-pause, service: back, allowAll: true }',
      }),
    );
    await run.event('fault.proven');
    run.child.kill('SIGINT');
    expect(await until(() => run.stderr.includes('again to hand the undo'), 5000)).toBeDefined();
    // Within half a second it would be an echo of the first.
    await wait(700);
    run.child.kill('SIGINT');
    expect(await run.ended).toBe(130);
    expect(run.stderr).toMatch(/the watchdog undoes/);
    expect(await until(() => startedBy(run).filter(isAlive).length === 0, 5000)).toBeDefined();
    expect(
      await until(() => /"by":"watchdog"/.test(readFileSync(join(run.directory, 'journal.ndjson'), 'utf8')), 5000),
    ).toBeDefined();
  });

  it('is undone within 2 s when the harness is killed, on a proxy that lives on', async () => {
    await using bench = await Bench.open();
    const { proxy } = bench.ports;
    bench.plimsoll('proxy', '-port', String(proxy));
    const services = bench.spawn('node', bench.start().split(' ').slice(1));
    const api = `http://127.0.0.1:${proxy}`;
    expect(
      await until(
        async () =>
          fetch(`${api}/version`).then(
            () => true,
            () => false,
          ),
        10_000,
      ),
    ).toBeDefined();
    const run = bench.plimsoll('run', bench.scenario({ system: `toxiproxy: ${api}`, faults: LATENCY }));
    await run.event('fault.proven');
    const toxics = async () =>
      JSON.stringify(await (await fetch(`${api}/proxies`)).json()).match(/"type":"latency"/g)?.length ?? 0;
    expect(await toxics()).toBe(1);
    run.child.kill('SIGKILL');
    const tookMs = await until(async () => (await toxics()) === 0, 5000);
    expect(tookMs).toBeLessThan(2000);
    // The link's proxy too: the server is not the run's own, and is left as it was found.
    expect(await until(async () => (await (await fetch(`${api}/proxies`)).text()) === '{}', 5000)).toBeDefined();
    expect(services.child.exitCode).toBeNull();
    expect(
      await until(() => startedBy(run).filter((pid) => pid !== services.child.pid && isAlive(pid)).length === 0, 5000),
    ).toBeDefined();

    const report = bench.plimsoll('report', 'latest');
    expect(await report.ended).toBe(0);
    expect(report.stdout).not.toMatch(/PASSED/);
    // The watchdog has looked: whoever reads this at night need not.
    expect(report.stdout).toMatch(/undone and proven gone/);
    expect(report.stdout).not.toMatch(/may still be active/);
  });

  it('is never green when the link carries no traffic', async () => {
    await using bench = await Bench.open();
    const run = bench.plimsoll('run', bench.scenario({ path: '/alone', faults: LATENCY }));
    expect(await run.ended, run.stdout + run.stderr).toBe(3);
    expect(run.stdout).toMatch(/traffic/);
    expect(run.result.cleanup.proven).toBe(true);
  });

  it('breaks nothing when the baseline is unhealthy', async () => {
    await using bench = await Bench.open();
    const run = bench.plimsoll(
      'run',
      bench.scenario({
        path: '/',
        faults: LATENCY,
        slos: `- { name: quick, indicator: latency p95, objective: '<= 10us' }`,
      }),
    );
    expect(await run.ended).toBe(3);
    expect(run.stdout).toMatch(/baseline/);
    expect(run.events().filter(({ type }) => type === 'fault.requested')).toEqual([]);
  });
});

// Beside many others the load driver may be starved, and then the run is rightly inconclusive: what needs a verdict has
// the machine nearly to itself, and may be tried again. What must be undone is never tried again.
describe.concurrent('a run that needs a verdict', { timeout: 120_000, retry: 2 }, () => {
  it('passes, leaves its files, and accounts for every request', async () => {
    await using bench = await Bench.open();
    const file = bench.scenario({
      faults: LATENCY,
      slos: `- { name: home up, indicator: availability, objective: '>= 95%' }
  - { name: home p95, indicator: latency p95, objective: '<= 900ms', recoverWithin: 1s, severity: warning }`,
    });
    const run = bench.plimsoll('run', file, '--metrics-port', '0');
    await run.event('fault.proven');
    const metrics = await (await fetch(/metrics: (\S+)/.exec(run.stderr)?.[1] ?? '')).text();
    expect(metrics).toMatch(/phase="(injecting|fault)"\} 1/);
    expect(metrics).toMatch(/outcome="ok"\} \d{3}/);
    await run.event('phase.started', ({ phase }) => phase === 'recovery');
    const asked = await fetch((/metrics: (\S+)/.exec(run.stderr)?.[1] ?? '').replace('/metrics', '/slo/check'), {
      method: 'POST',
      body: '{"seconds": 20}',
    });
    expect(asked.status).toBe(200);
    const checked = (await asked.json()) as { verdict: string; fromS: number; toS: number; slos: { name: string }[] };
    expect(checked.slos.map(({ name }) => name)).toEqual(['home up', 'home p95']);
    expect(checked.verdict).toBe('passed');
    expect(checked.toS - checked.fromS).toBe(20);
    const counted = (await (await fetch(`http://127.0.0.1:${bench.ports.front}/count`)).json()) as { asked: number };
    expect(await run.ended, run.stdout + run.stderr).toBe(0);
    expect(run.stdout.split('\n')[0]).toMatch(/PASSED/);
    expect(run.stdout.trimEnd().split('\n').at(-1)).toMatch(/report\.html$/);

    const { result } = run;
    expect(result).toMatchObject({ verdict: 'passed', exitCode: 0, cleanup: { proven: true } });
    expect(result.faults[0]).toMatchObject({ proof: { status: 'confirmed' }, undoProof: { status: 'confirmed' } });
    const ledger = result.ledger.find((row) => row.window === 'run' && row.request === undefined);
    const outcomes = Object.values(ledger?.outcomes ?? {}).reduce((sum, count) => sum + count, 0);
    expect(outcomes).toBe(ledger?.scheduled);
    expect(counted.asked).toBeGreaterThan(40 * 40);
    expect(ledger?.scheduled).toBeGreaterThan(counted.asked);
    for (const name of [
      'events.ndjson',
      'arrivals.bin',
      'journal.ndjson',
      'report.html',
      'junit.xml',
      'logs/system.log',
    ]) {
      expect(existsSync(join(run.directory, name)), name).toBe(true);
    }
    const left = startedBy(run).filter(isAlive);
    expect(left).toEqual([]);

    const again = bench.plimsoll('report', 'latest');
    expect(await again.ended).toBe(0);
    expect(again.stdout).toContain('PASSED');
    const judged = bench.plimsoll('judge', 'latest', '--json');
    expect(await judged.ended).toBe(0);
    expect((JSON.parse(judged.stdout) as { verdict: string }).verdict).toBe('passed');
  });

  it('fails with exit 1 when the system breaks completely, although the guard stops it', async () => {
    await using bench = await Bench.open();
    const run = bench.plimsoll('run', bench.scenario({ faults: '- { type: down, link: front-back }' }));
    expect(await run.ended, run.stdout + run.stderr).toBe(1);
    expect(run.result).toMatchObject({ verdict: 'failed', exitCode: 1, cleanup: { proven: true } });
    expect(run.events().some(({ type }) => type === 'stop.tripped')).toBe(true);
    expect(run.result.slos[0]).toMatchObject({ name: 'home up', verdict: 'failed' });
  });
});
