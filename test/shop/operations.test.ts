import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildShop, startShop, until, type Shop } from './support/shop.js';

/** What the services tell of themselves, and how they end: on the sound shop, and with each of the defects. */
describe('metrics, error logs and exits', () => {
  beforeAll(buildShop);

  it('sound: what is promised is exported, traced, and ended in order', async () => {
    await using shop = await startShop();
    // Series come with the first pause; the answers themselves bring it about. A bound lies at the limit of the scenarios.
    const page = async () => (await shop.get('/metrics', 201)).text;
    await until(async () => /nodejs_gc_duration_seconds_bucket\{le="0\.05",/.test(await page()), 20_000, 'a pause');
    expect(await page()).toMatch(/shop_event_loop_delay_seconds_bucket\{le="0\.05",/);
    expect(await contained(shop)).toMatchObject({ trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) as string });

    const pid = shop.pidOf('order-1');
    process.kill(pid, 'SIGTERM');
    try {
      process.kill(pid, 'SIGTERM');
    } catch (error) {
      // With nothing to drain it may be gone before a busy machine lets us go on.
      expect(error).toMatchObject({ code: 'ESRCH' });
    }
    expect(await exitOf(shop, 'order-1')).toMatchObject({ code: 0, signal: null });
    const states = linesOf(shop).flatMap(({ pid: who, msg, state }) => (who === pid && msg === 'exit' ? [state] : []));
    expect(states).toEqual(['draining', 'syncing', 'stopping', 'stopped']);
  });

  it('no-metrics, log-without-trace, exit-at-once: nothing exported, no trace, ended by the signal', async () => {
    await using shop = await startShop({ SHOP_DEFECTS: 'no-metrics,log-without-trace,exit-at-once' });
    expect((await shop.get('/metrics', 201)).text).toBe('');
    const line = await contained(shop);
    expect(line).toMatchObject({ handler: 'GET /items/:id' });
    expect(line).not.toHaveProperty('trace_id');
    process.kill(shop.pidOf('order-1'), 'SIGTERM');
    expect(await exitOf(shop, 'order-1')).toMatchObject({ code: null, signal: 'SIGTERM' });
  });

  it('ignore-sigterm, lose-buffer: lives on; and what payment has in hand dies with it', async () => {
    await using shop = await startShop({ SHOP_DEFECTS: 'ignore-sigterm,lose-buffer' });
    const order = shop.pidOf('order-1');
    process.kill(order, 'SIGTERM');
    await sleep(300);
    expect(() => process.kill(order, 0)).not.toThrow();
    await until(async () => (await shop.checkout()).status === 200, 10_000, 'a checkout to be paid');
    const sold = await Promise.all(Array.from({ length: 20 }, () => shop.checkout()));
    expect(sold.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
    process.kill(shop.pidOf('payment'), 'SIGKILL');
    expect((await shop.audit(2_000)).lost).toBeGreaterThan(0);
  });
});

type Line = Record<string, unknown> & { pid?: number; msg?: string; state?: string };

function linesOf(shop: Shop): Line[] {
  return shop
    .log()
    .split('\n')
    .flatMap((line) => (line.startsWith('{') && line.endsWith('}') ? [JSON.parse(line) as Line] : []));
}

/** What is logged of an error that a handler of order-1 meets. */
async function contained(shop: Shop): Promise<Line> {
  await fetch(`http://127.0.0.1:${shop.base + 201}/items/7`, { headers: { poison: 'handler' } });
  return found(shop, (line) => line.msg === 'contained', 'the error on record');
}

/** What the supervisor, the parent, is told of an end. */
async function exitOf(shop: Shop, child: string): Promise<Line> {
  return found(shop, (line) => line['child'] === child && 'code' in line, `the end of ${child}`);
}

async function found(shop: Shop, wanted: (line: Line) => boolean, what: string): Promise<Line> {
  await until(() => linesOf(shop).some(wanted), 10_000, what);
  return linesOf(shop).find(wanted) ?? {};
}
