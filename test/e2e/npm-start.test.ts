import { describe, expect, it } from 'vitest';
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
