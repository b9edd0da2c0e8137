import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openLink, type Link } from './support/link.js';
import { buildShop, freeBase, startShop, until, type Reply, type Shop } from './support/shop.js';

/** One sound shop whose link to payment the tests slow down and cut. */
describe('the sound shop', () => {
  let shop: Shop;
  let link: Link;

  beforeAll(async () => {
    buildShop();
    const base = await freeBase();
    link = await openLink(base + 303, base + 203);
    shop = await startShop({ SHOP_VIA_LINKS: 'order-payment', SHOP_LOG_LEVEL: 'debug' }, base);
  });
  afterAll(async () => {
    await shop?.[Symbol.asyncDispose]();
    await link?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    link.delayMs = 0;
    link.cut(false);
    // Circuits that an earlier test opened are closed again when checkouts are paid.
    await until(
      async () => (await all(4, () => shop.checkout())).every(({ status }) => status === 200),
      10_000,
      'checkouts to be paid',
    );
  });

  it('pays a checkout at once, and an order once however often it is sent', async () => {
    const reply = await shop.checkout({ key: 'customer-order-1' });
    expect(reply).toMatchObject({ status: 200, body: { order: 'customer-order-1', status: 'paid' } });
    await shop.checkout({ key: 'customer-order-1' });
    await shop.checkout({ key: 'customer-order-1' });
    const audit = await shop.audit();
    expect(audit).toMatchObject({ lost: 0, doubled: 0 });
    expect(settledTimes(shop, 'customer-order-1')).toBe(1);
  });

  it('refuses what it does not understand', async () => {
    expect((await shop.checkout({ sku: 'unicorn' })).status).toBe(404);
    expect((await shop.checkout({ key: 'no spaces' })).status).toBe(400);
    expect((await shop.get('/items/99')).status).toBe(404);
    expect((await shop.get('/nowhere')).status).toBe(404);
    const reply = await fetch(`${shop.url}/checkout`, { method: 'POST', body: '{"sku":' });
    expect(reply.status).toBe(400);
  });

  it('lets the trace id travel over HTTP, gRPC and MQTT', async () => {
    const id = '0af7651916cd43dd8448eb211c80319c';
    const reply = await shop.checkout({ traceparent: `00-${id}-b7ad6b7169203331-01` });
    expect(reply.headers.get('trace-id')).toBe(id);
    const services = (): unknown[] =>
      shop
        .log()
        .split('\n')
        .filter((line) => line.includes(`"trace_id":"${id}"`))
        .map((line) => (JSON.parse(line) as { service: string }).service.replace(/-\d$/, ''));
    // Each logs in its own time: the gateway's line may come after settlement's.
    await until(() => new Set(services()).size === 4, 3_000, 'all four to log it; settlement to log the trace');
    expect(new Set(services())).toEqual(new Set(['gateway', 'order', 'payment', 'settlement']));
  });

  it('offers health, readiness and metrics in every service', async () => {
    for (const port of [80, 201, 202, 213, 214, 215]) {
      expect((await shop.get('/healthz', port)).status).toBe(200);
      expect((await shop.get('/readyz', port)).status).toBe(200);
      const { text } = await shop.get('/metrics', port);
      expect(text).toContain('# TYPE nodejs_gc_duration_seconds histogram');
      expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
      expect(text).toMatch(/shop_request_duration_seconds_bucket|shop_backlog/);
    }
    expect((await shop.get('/metrics', 213)).text).toMatch(/shop_requests_total\{.*route="Charge".*\} \d+/);
    expect((await shop.get('/metrics', 201)).text).toMatch(/shop_calls_total\{.*to="payment".*\} \d+/);
  });

  it('accepts a checkout as pending when payment is late, and answers a quote 503 at once', async () => {
    const healthyMs = median(await all(20, () => shop.checkout()));
    link.delayMs = 1_000;
    const checkouts = await all(20, () => shop.checkout());
    expect(new Set(checkouts.map(({ status }) => status))).toEqual(new Set([202]));
    const quotes = await all(20, () => shop.get('/quote?sku=lamp'));
    expect(new Set(quotes.map(({ status }) => status))).toEqual(new Set([503]));
    expect(quotes.every(({ headers }) => headers.get('retry-after') === '1')).toBe(true);
    // What the machine needs anyway, and the deadline of 200 ms, and room; far below the second that payment takes.
    expect(median(checkouts)).toBeLessThan(healthyMs + 350);
    expect(median(quotes)).toBeLessThan(healthyMs + 350);
    link.delayMs = 0;
    const audit = await shop.audit();
    expect(audit).toMatchObject({ lost: 0, doubled: 0 });
  });

  it('accepts checkouts while payment is cut off, settles them later, and pays at once again', async () => {
    link.cut(true);
    const replies = await all(30, () => shop.checkout());
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([202]));
    expect((await shop.audit(0)).lost).toBeGreaterThanOrEqual(30);
    link.cut(false);
    expect(await shop.audit()).toMatchObject({ lost: 0, doubled: 0 });
    await until(async () => (await shop.checkout()).status === 200, 5_000, 'checkouts to be paid again');
  });

  it('keeps browsing fast while checkouts wait for payment', async () => {
    // The same crowd with a healthy payment is the measure: what a busy machine costs, it costs both.
    const browseInCrowd = async (): Promise<number> => {
      const checkouts = all(100, () => shop.checkout());
      await sleep(50);
      const replies = await all(20, () => shop.get('/items'));
      expect(replies.every(({ status }) => status === 200)).toBe(true);
      await checkouts;
      return median(replies);
    };
    const before = await browseInCrowd();
    link.delayMs = 1_000;
    expect(await browseInCrowd()).toBeLessThan(before + 400);
  });

  it('loses nothing when a replica with pending orders is killed; the supervisor brings it back', async () => {
    link.cut(true);
    await all(40, () => shop.checkout());
    const victim = shop.pidOf('order-1');
    process.kill(victim, 'SIGKILL');
    link.cut(false);
    // The other replica answers meanwhile.
    const meanwhile = await all(20, () => shop.checkout());
    expect(meanwhile.every(({ status }) => status === 200 || status === 202)).toBe(true);
    const awayMs = await until(() => shop.pidOf('order-1') !== victim, 5_000, 'a new order-1');
    expect(awayMs).toBeLessThan(3_000);
    expect(await shop.audit()).toMatchObject({ lost: 0, doubled: 0 });
  });

  it('takes a replica that hangs out of service, and loses nothing', async () => {
    const victim = shop.pidOf('order-2');
    process.kill(victim, 'SIGSTOP');
    try {
      const replies = [];
      for (let round = 0; round < 4; round++) replies.push(...(await all(10, () => shop.checkout())));
      // A starved machine may miss the deadline of the second replica too; without the retry half would fail.
      const good = replies.filter(({ status }) => status === 200 || status === 202);
      expect(good.length).toBeGreaterThanOrEqual(36);
      // By now the gateway asks the other replica only (but for a probe now and then).
      const slow = (await all(20, () => shop.get('/items'))).filter(({ ms }) => ms > 400);
      expect(slow.length).toBeLessThan(5);
    } finally {
      process.kill(victim, 'SIGCONT');
    }
    expect(await shop.audit()).toMatchObject({ lost: 0, doubled: 0 });
  });

  it('settles each order once although settlement, payment and broker are killed', async () => {
    for (const service of ['broker', 'settlement', 'payment']) {
      const victim = shop.pidOf(service);
      const orders = all(30, () => shop.checkout());
      process.kill(victim, 'SIGKILL');
      expect((await orders).every(({ status }) => status === 200 || status === 202)).toBe(true);
      await until(() => shop.pidOf(service) !== victim, 5_000, `a new ${service}`);
    }
    expect(await shop.audit()).toMatchObject({ lost: 0, doubled: 0 });
  });

  it('contains an error at each level: it costs what it touches, is on record with its trace, and nobody dies', async () => {
    const pids = () => ['gateway', 'order-1', 'order-2'].map((service) => shop.pidOf(service));
    const before = pids();
    const port = shop.base + 201;
    const [business, handler, router, detached] = await Promise.all(
      ['business', 'handler', 'router', 'detached'].map(async (poison) => {
        const reply = await fetch(`http://127.0.0.1:${port}/items/7`, { headers: { poison } });
        return { status: reply.status, trace: reply.headers.get('trace-id'), body: (await reply.json()) as object };
      }),
    );
    expect(business).toMatchObject({ status: 200, body: { sku: 'clock', related: [] } });
    expect(handler).toMatchObject({ status: 500, body: { trace_id: handler?.trace } });
    expect(router).toMatchObject({ status: 500, body: { trace_id: router?.trace } });
    expect(detached).toMatchObject({
      status: 200,
      body: { related: [expect.any(String), expect.any(String), expect.any(String)] },
    });
    for (const [level, trace] of Object.entries({
      business: business?.trace,
      handler: handler?.trace,
      router: router?.trace,
      detached: detached?.trace,
    })) {
      const record = await until(
        () => contained(shop, level) !== undefined,
        2_000,
        `the ${level} error on record`,
      ).then(() => contained(shop, level));
      expect(record).toMatchObject({ trace_id: trace, err: { type: 'TypeError' } });
      expect(record?.err.stack).toContain('poison.js');
    }
    expect(pids()).toEqual(before);
    expect((await shop.get('/metrics', 201)).text).toMatch(/shop_contained_total\{level="router".*\} [1-9]/);
  });

  // Last, since it falsifies the books.
  it('has an audit that notices a lost and a doubled order', async () => {
    const clean = await shop.audit();
    const file = join(shop.data, 'settlement.ndjson');
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    writeFileSync(file, `${[...lines.slice(1), lines[1]].join('\n')}\n`);
    expect(await shop.audit(500)).toEqual({ ...clean, settled: clean.settled - 1, lost: 1, doubled: 1 });
  });
});

function all<T>(count: number, act: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, act));
}

/** What the log says of a contained error at a level, from wherever it was met. */
function contained(shop: Shop, level: string): { trace_id: string; err: { stack: string } } | undefined {
  const line = shop
    .log()
    .split('\n')
    .find((line) => line.includes('"msg":"contained"') && line.includes(`(reading '${level}')`));
  return line === undefined ? undefined : (JSON.parse(line) as { trace_id: string; err: { stack: string } });
}

function median(replies: Reply[]): number {
  return replies.map(({ ms }) => ms).sort((a, b) => a - b)[Math.floor(replies.length / 2)] ?? Number.NaN;
}

function settledTimes(shop: Shop, order: string): number {
  return readFileSync(join(shop.data, 'settlement.ndjson'), 'utf8')
    .split('\n')
    .filter((line) => line.includes(order)).length;
}
