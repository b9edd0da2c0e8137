import { createServer } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { openLink } from './support/link.js';
import { buildShop, ended, failToStart, freeBase, membersOf, runAudit, startShop, until } from './support/shop.js';

describe('starting and stopping the shop', () => {
  beforeAll(buildShop);

  it('says which port is taken, and by which process', async () => {
    const base = await freeBase();
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(base + 203, '127.0.0.1', resolve));
    try {
      const { status, stderr } = failToStart({ SHOP_PORT_BASE: String(base) });
      expect(status).toBe(1);
      expect(stderr).toContain(`port ${base + 203} is in use by process ${process.pid} (`);
      expect(stderr).toContain('SHOP_PORT_BASE');
      expect(stderr.trim().split('\n')).toHaveLength(1);
    } finally {
      await new Promise((resolve) => holder.close(resolve));
    }
  });

  it.each([
    [{ SHOP_PORT_BASE: 'x' }, 'SHOP_PORT_BASE is "x"'],
    [{ SHOP_VIA_LINKS: 'order-paymnt' }, 'SHOP_VIA_LINKS names "order-paymnt"'],
  ])('refuses the setting %o', async (env, message) => {
    const { status, stderr } = failToStart({ SHOP_PORT_BASE: String(await freeBase()), ...env });
    expect(status).toBe(1);
    expect(stderr).toContain(message);
  });

  it('ends with code 0 on SIGTERM, a second one included, and leaves nothing', async () => {
    await using shop = await startShop();
    expect(membersOf(shop.pid)).toHaveLength(7);
    shop.child.kill('SIGTERM');
    shop.child.kill('SIGTERM');
    expect(await ended(shop.child)).toEqual({ code: 0, signal: null });
    expect(membersOf(shop.pid)).toEqual([]);
    expect(await runAudit(shop.base, 0)).toMatchObject({ status: 1, stdout: '' });
  });

  it('ends a paused replica too', async () => {
    await using shop = await startShop();
    process.kill(shop.pidOf('order-2'), 'SIGSTOP');
    shop.child.kill('SIGTERM');
    expect(await ended(shop.child)).toEqual({ code: 0, signal: null });
    expect(membersOf(shop.pid)).toEqual([]);
  });

  it('leaves nothing when the supervisor alone is killed', async () => {
    await using shop = await startShop();
    shop.child.kill('SIGKILL');
    await ended(shop.child);
    await until(() => membersOf(shop.pid).length === 0, 3_000, 'the children to end');
  });

  it('uses the links that something listens on, without being told', async () => {
    const base = await freeBase();
    await using link = await openLink(base + 303, base + 203);
    await using shop = await startShop({ SHOP_VIA_LINKS: 'auto' }, base);
    expect(shop.log()).toContain('"links":["order-payment"]');
    link.cut(true);
    expect((await shop.checkout()).status).toBe(202);
  });

  it('settles after a restart what was pending when the whole shop was killed', async () => {
    const base = await freeBase();
    await using link = await openLink(base + 303, base + 203);
    await using first = await startShop({ SHOP_VIA_LINKS: 'order-payment' }, base);
    link.cut(true);
    await Promise.all(Array.from({ length: 20 }, () => first.checkout()));
    process.kill(-first.pid, 'SIGKILL');
    await until(() => membersOf(first.pid).length === 0, 3_000, 'the shop to end');
    link.cut(false);
    await using second = await startShop({ SHOP_VIA_LINKS: 'order-payment', SHOP_DATA: first.data }, base);
    expect(await second.audit()).toEqual({ accepted: 20, settled: 20, lost: 0, doubled: 0 });
  });
});
