import { beforeAll, describe, expect, it } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLink } from './support/link.js';
import { DEFECTS } from '../../examples/shop/src/shared/defects.js';
import { buildShop, failToStart, freeBase, startShop, until } from './support/shop.js';

/** Each defect does the harm that its practice prevents; the counterparts on the sound shop are in `sound.test.ts`. More: `practices.test.ts`. */
describe('defects', () => {
  beforeAll(buildShop);

  it('no-fallback: 503 where the sound shop accepts the order', async () => {
    const base = await freeBase();
    await using link = await openLink(base + 303, base + 203);
    await using shop = await startShop({ SHOP_VIA_LINKS: 'order-payment', SHOP_DEFECTS: 'no-fallback' }, base);
    await until(async () => (await shop.checkout()).status === 200, 10_000, 'a checkout to be paid');
    const { accepted } = await shop.audit();
    link.cut(true);
    const replies = await Promise.all(Array.from({ length: 10 }, () => shop.checkout()));
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([503]));
    link.cut(false);
    // What was refused is not settled behind the customer's back.
    const { settled } = await shop.audit();
    await until(async () => (await shop.checkout()).status === 200, 10_000, 'checkouts to be paid again');
    expect(await shop.audit()).toMatchObject({ lost: 0, doubled: 0 });
    expect(accepted).toBeGreaterThan(0);
    expect(settled).toBeLessThan(accepted + replies.length);
  });

  it('no-deadline: a late payment makes the customer wait', async () => {
    const base = await freeBase();
    await using link = await openLink(base + 303, base + 203);
    await using shop = await startShop({ SHOP_VIA_LINKS: 'order-payment', SHOP_DEFECTS: 'no-deadline' }, base);
    link.delayMs = 1_000;
    const [quote, checkout] = await Promise.all([shop.get('/quote?sku=mug'), shop.checkout()]);
    expect(quote.status).toBe(200);
    expect(checkout.status).toBe(200);
    expect(Math.min(quote.ms, checkout.ms)).toBeGreaterThan(950);
  });

  it('no-bulkhead: a late payment fills the pool, and browsing waits', async () => {
    const base = await freeBase();
    await using link = await openLink(base + 303, base + 203);
    await using shop = await startShop({ SHOP_VIA_LINKS: 'order-payment', SHOP_DEFECTS: 'no-bulkhead' }, base);
    link.delayMs = 1_000;
    const checkouts = Promise.all(Array.from({ length: 60 }, () => shop.checkout()));
    // At some moment soon the pool is full, and whoever browses then waits for a checkout to be done.
    const browsing: Promise<number>[] = [];
    for (let visitor = 0; visitor < 10; visitor++) {
      await sleep(60);
      browsing.push(shop.get('/items').then(({ ms }) => ms));
    }
    expect(Math.max(...(await Promise.all(browsing)))).toBeGreaterThan(500);
    await checkouts;
  });

  it.each([
    ['crash-on-handler-error', 'handler'],
    ['crash-on-detached-error', 'detached'],
  ])('%s: a bug at the level %s takes the process down', async (defect, poison) => {
    await using shop = await startShop({ SHOP_DEFECTS: defect });
    const victim = shop.pidOf('order-1');
    await fetch(`http://127.0.0.1:${shop.base + 201}/items/7`, { headers: { poison } }).catch(() => undefined);
    await until(() => shop.pidOf('order-1') !== victim, 5_000, 'the supervisor to start it again');
    const health = async () => (await shop.get('/healthz', 201).catch(() => undefined))?.body;
    await until(async () => (await health()) !== undefined, 5_000, 'order-1 to be back');
    expect(await health()).toMatchObject({ status: 'alive', life: 2 });
  });

  it('refuses an unknown defect in one clear sentence', async () => {
    const { status, stderr } = failToStart({ SHOP_PORT_BASE: String(await freeBase()), SHOP_DEFECTS: 'no-bulkhed' });
    expect(status).toBe(1);
    expect(stderr).toBe(
      `The shop can't start: SHOP_DEFECTS names "no-bulkhed", which is not a defect. Known: ${Object.keys(DEFECTS).join(', ')}\n`,
    );
  });
});
