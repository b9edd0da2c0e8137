import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { buildShop, membersOf, startShop, until, type Shop } from './support/shop.js';

/** The practices as they are, and each with the defect that takes it away. */
beforeAll(buildShop);
afterEach(() => vi.unstubAllEnvs());

/** A module of the shop as it is in a process with these defects. */
async function withDefects<T>(names: string, load: () => Promise<T>): Promise<T> {
  vi.stubEnv('SHOP_DEFECTS', names);
  vi.resetModules();
  return load();
}

describe('initialise once', () => {
  const loadOnce = () => import('../../examples/shop/src/shared/once.js');

  it('makes one for all who ask at the same time, and keeps it', async () => {
    const { Once } = await withDefects('', loadOnce);
    const thing = new Once(() => sleep(20, {}));
    const got = await Promise.all(Array.from({ length: 10 }, () => thing.get()));
    expect(new Set([...got, await thing.get()]).size).toBe(1);
    expect(thing.runs).toBe(1);
  });

  it('forgets what failed: those who waited hear of it, the next one tries again', async () => {
    const { Once } = await withDefects('', loadOnce);
    let broken = true;
    const thing = new Once(async () => {
      await sleep(5);
      if (broken) throw new Error('not yet');
      return 'made';
    });
    const waiting = await Promise.allSettled([thing.get(), thing.get()]);
    expect(waiting.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    broken = false;
    expect(await thing.get()).toBe('made');
    expect(thing.runs).toBe(2);
  });

  it('init-races: each who asks makes its own', async () => {
    const { Once } = await withDefects('init-races', loadOnce);
    const thing = new Once(() => sleep(20, {}));
    await Promise.all(Array.from({ length: 10 }, () => thing.get()));
    expect(thing.runs).toBe(10);
  });
});

describe('settled exactly once', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shop-ledger-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const open = async (defects: string) => {
    const { Ledger } = await withDefects(defects, () => import('../../examples/shop/src/settlement/ledger.js'));
    return new Ledger(folder);
  };

  it('recognises an order that comes again, in a later life too', async () => {
    const first = await open('');
    expect([first.settle('order-01', 5), first.settle('order-01', 5)]).toEqual([true, false]);
    // Killed: not closed.
    expect((await open('')).settle('order-01', 5)).toBe(false);
  });

  it('settle-twice: settles it again', async () => {
    const ledger = await open('settle-twice');
    expect([ledger.settle('order-01', 5), ledger.settle('order-01', 5)]).toEqual([true, true]);
  });

  it('lose-on-restart: forgets with its process what it had confirmed', async () => {
    (await open('lose-on-restart')).settle('order-01', 5);
    expect((await open('')).settle('order-01', 5)).toBe(true);
  });
});

describe('plug-ins', () => {
  let folder: string;
  let base: URL;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shop-plugins-'));
    base = pathToFileURL(`${folder}/`);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  // Compiled, since it starts a thread from the file beside it.
  const load = async (plugin: string, from?: URL) => {
    const file = pathToFileURL(join(import.meta.dirname, '../../examples/shop/dist/payment/plugins.js')).href;
    const plugins = (await import(file)) as typeof import('../../examples/shop/src/payment/plugins.js');
    return plugins.loadPlugin(plugin, from);
  };
  const write = (version: string, rule: string): void => {
    mkdirSync(join(folder, 'mine'));
    writeFileSync(join(folder, 'mine/plugin.json'), JSON.stringify({ version, main: 'rule.mjs' }));
    writeFileSync(join(folder, 'mine/rule.mjs'), rule);
  };

  it('are loaded when their version fits, and say what articles cost', async () => {
    const list = await load('weekend');
    expect(list).toMatchObject({ plugin: 'weekend', version: '2.1.0' });
    expect([list.centsOf('lamp'), list.centsOf('mug')]).toEqual([3_920, 1_125]);
  });

  it('are refused by their version before a line of them runs', async () => {
    await expect(load('basket')).rejects.toThrow('basket has version 3.0.0; this host takes ^2.0.0');
    const trace = join(folder, 'ran');
    write(
      '1.9.0',
      `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(trace)}, ''); export default (c) => c;`,
    );
    const refusal = await load('mine', base).catch((error: Error) => error.constructor.name);
    expect(refusal).toBe('VersionMismatchError');
    expect(() => rmSync(trace)).toThrow('ENOENT');
  });

  it.each([
    ['throw', 'export default () => { throw new TypeError("oh"); };', 'the plug-in failed: oh'],
    ['loop for ever', 'export default () => { for (;;); };', 'no answer from the plug-in within 2000 ms'],
    ['end the process', 'export default () => process.exit(0);', 'the plug-in ended without an answer'],
    [
      'eat memory',
      'const all = []; export default () => { for (;;) all.push(new Array(1e5).fill({})); };',
      'the plug-in failed',
    ],
    ['give nonsense', 'export default () => NaN;', 'mine 2.0.0 does not give prices'],
    ['sell below nothing', 'export default () => -1;', 'mine 2.0.0 does not give prices'],
    ['hold something else', 'export const rule = 1;', 'the plug-in failed'],
  ])('that %s are refused, and harm nobody', async (_, rule, reason) => {
    write('2.0.0', rule);
    await expect(load('mine', base)).rejects.toThrow(reason);
  });

  it.each(['nobody', '../list-price', 'Weekend', ''])('named %j do not exist', async (name) => {
    await expect(load(name)).rejects.toThrow(`there is no plug-in "${name}"`);
  });
});

/** A sound shop, and one in which all of it is missing. */
describe('in a shop that runs', () => {
  const post = (shop: Shop, port: number, path: string) =>
    fetch(`http://127.0.0.1:${shop.base + port}/${path}`, { method: 'POST' });
  const quote = async (shop: Shop) => (await shop.get('/quote?sku=lamp')).text;

  /** How many of the requests that were sent during two reloads failed. */
  async function lostInReloads(shop: Shop): Promise<number> {
    let lost = 0;
    const day = { over: false };
    const customers = Array.from({ length: 8 }, async () => {
      while (!day.over) {
        const good = await fetch(`${shop.url}/items`).then(
          (reply) => reply.arrayBuffer().then(() => reply.ok),
          () => false,
        );
        if (!good) lost++;
        await sleep(5);
      }
    });
    let is = shop.pidOf('gateway');
    for (let round = 0; round < 2; round++) {
      const was = is;
      const reply = (await post(shop, 216, 'reload/gateway').then((reply) => reply.json())) as {
        was: number;
        is: number;
      };
      expect(reply.was).toBe(was);
      is = reply.is;
      expect(membersOf(shop.pid)).toContain(is);
    }
    day.over = true;
    await Promise.all(customers);
    await until(() => membersOf(shop.pid).length === 7, 10_000, 'the old gateways to end');
    return lost;
  }

  it('reloads lose no request, and the wrong plug-in is refused', { timeout: 60_000 }, async () => {
    await using shop = await startShop();
    expect((await post(shop, 213, 'plugins/basket')).status).toBe(409);
    // A busy machine may miss payment's deadline; what is said in the end counts.
    await until(async () => (await quote(shop)).includes('4900'), 8_000, 'a quote by the old rule');
    const state = { plugin: 'list-price', version: '2.0.0', initialisations: 1, refused: 1 };
    expect((await shop.get('/prices', 213)).body).toEqual(state);
    expect(await lostInReloads(shop)).toBe(0);
    expect(await shop.audit()).toMatchObject({ lost: 0, doubled: 0 });
  });

  it('reload-drops, plugin-unchecked, no-supervisor: all of that is missing', { timeout: 60_000 }, async () => {
    await using shop = await startShop({ SHOP_DEFECTS: 'reload-drops,plugin-unchecked,no-supervisor' });
    expect(await lostInReloads(shop)).toBeGreaterThan(0);

    expect((await post(shop, 213, 'plugins/basket')).status).toBe(200);
    await until(async () => (await quote(shop)).includes('not available: failed'), 8_000, 'a quote to fail');
    for (let asked = 0; asked < 5; asked++) expect(await quote(shop)).not.toContain('priceCents');

    const victim = shop.pidOf('order-1');
    process.kill(victim, 'SIGKILL');
    await sleep(1_000);
    expect(shop.pidOf('order-1')).toBe(victim);
    expect((await post(shop, 216, 'start/order-1')).status).toBe(200);
    await until(() => shop.pidOf('order-1') !== victim, 8_000, 'order-1 to be back');
    const unknown = await post(shop, 216, 'start/nobody');
    expect(unknown.status).toBe(409);
    expect(await unknown.text()).toContain('known: gateway, order-1, order-2, payment, settlement, broker');
  });
});
