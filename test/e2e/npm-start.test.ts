import { describe, expect, it } from 'vitest';
import { describeWith } from '../support/needs.js';
import { Bench, until } from './harness.js';

/** Where the shop's gateway answers; `npm start` uses the shop's own ports. */
const GATEWAY = 'http://127.0.0.1:7080/readyz';

const answers = async () =>
  fetch(GATEWAY).then(
    () => true,
    () => false,
  );

describe('npm start', { timeout: 90_000 }, () => {
  it('says who is in the way when it runs twice, and takes a SIGTERM sent to npm', async () => {
    await using bench = await Bench.open();
    expect(await answers(), 'somebody else uses the ports of the shop').toBe(false);
    const first = bench.spawn('npm', ['start'], process.cwd());
    expect(await until(() => first.stderr.includes('warmup'), 30_000)).toBeDefined();

    const second = bench.spawn('npm', ['start'], process.cwd());
    expect(await second.ended).toBe(2);
    expect(second.stderr).toMatch(/127\.0\.0\.1:7\d\d\d/);
    expect(second.stderr).toMatch(/pid \d+: .*cli\.js run/);

    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(143);
    expect(first.stdout).toMatch(/ABORTED/);
    expect(await until(async () => !(await answers()), 3000)).toBeDefined();
  });
});

describeWith(['terminal'], 'npm start on a terminal', () => {
  it('is ended by one Ctrl-C, although npm passes it on as a second one', { timeout: 60_000 }, async () => {
    await using bench = await Bench.open();
    expect(await answers(), 'somebody else uses the ports of the shop').toBe(false);
    const run = bench.spawnOnTerminal('npm start', process.cwd());
    // The live display names the phase while it lasts.
    expect(await until(() => run.stdout.includes('baseline'), 40_000)).toBeDefined();
    run.child.stdin?.write('\x03');
    expect(await run.ended).toBe(130);
    expect(run.stdout).toMatch(/ABORTED/);
    expect(run.stdout).toMatch(/Put back: /);
    expect(run.stdout).toMatch(/Report: .*report\.html/);
    expect(await until(async () => !(await answers()), 3000)).toBeDefined();
  });
});
