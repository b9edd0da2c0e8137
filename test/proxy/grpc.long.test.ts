import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { callPayment, chargeMethod, paymentChannel, quoteMethod } from '../../examples/shop/src/shared/payment-api.js';
import { randomStream } from '../../src/proxy/random.js';
import { churn } from './support/churn.js';
import { sleep } from './support/peers.js';
import { ProxyProcess } from './support/proxy-process.js';

/** PLIMSOLL_GRPC_S: how long each part takes, in seconds. */
const PART_S = Number(process.env['PLIMSOLL_GRPC_S'] ?? 45);
const CALLERS = 24;
const CHANNELS = 6;
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

interface Calls {
  answered: number;
  failed: string[];
  wrong: string[];
}

it(
  'a gRPC service under load answers every call rightly while toxics come and go, and none wrongly while connections are reset',
  { timeout: (2 * PART_S + 120) * 1000 },
  async () => {
    await using payment = await PaymentProcess.start();
    await using server = await ProxyProcess.start(8);
    const { api } = server;
    const proxy = await api.proxy(payment.address);
    const channels = Array.from({ length: CHANNELS }, () => paymentChannel(proxy.listen));
    const callWhile = async (harm: (deadline: number) => Promise<void>): Promise<Calls> => {
      const calls: Calls = { answered: 0, failed: [], wrong: [] };
      const running = { over: false };
      const call = async (caller: number): Promise<void> => {
        const channel = channels[caller % CHANNELS] as (typeof channels)[number];
        for (let n = 0; !running.over; n += 1) {
          const quantity = 1 + ((caller * 7 + n) % 9);
          const charge = { order: `order-${caller}-${n}`, sku: 'mug', quantity };
          try {
            const { priceCents } = await callPayment(channel, quoteMethod, { sku: 'mug' }, TRACE, 30_000);
            const { paid, amountCents } = await callPayment(channel, chargeMethod, charge, TRACE, 30_000);
            if (!paid || amountCents !== priceCents * quantity || priceCents <= 0)
              calls.wrong.push(`${amountCents} for ${quantity} at ${priceCents}`);
            calls.answered += 1;
          } catch (error) {
            calls.failed.push(String(error));
            await sleep(20);
          }
        }
      };
      const working = Array.from({ length: CALLERS }, async (_, caller) => call(caller));
      await harm(performance.now() + PART_S * 1000);
      running.over = true;
      await Promise.all(working);
      return calls;
    };

    const gentle = await callWhile(async (deadline) => {
      const random = randomStream(9, 'gentle');
      while (performance.now() < deadline) await churn(api, proxy, random, { steps: 50, pauseMs: 40 });
    });
    expect(gentle).toMatchObject({ failed: [], wrong: [] });
    expect(gentle.answered).toBeGreaterThan(PART_S * 20);

    const harsh = await callWhile(async (deadline) => {
      const path = `/proxies/${proxy.name}/toxics`;
      const attributes = { timeout: 0 };
      while (performance.now() < deadline) {
        await api.post(path, { type: 'reset_peer', name: 'reset', toxicity: 0.5, attributes });
        // Resets hit connections that are made now: end the old ones.
        await api.post(`/proxies/${proxy.name}`, { enabled: false });
        await api.post(`/proxies/${proxy.name}`, { enabled: true });
        await sleep(300);
        await api.delete(`${path}/reset`);
        await sleep(700);
      }
    });
    console.log(
      `${gentle.answered} answered and none failed; then ${harsh.answered} answered, ${harsh.failed.length} failed`,
    );
    expect(harsh.wrong).toEqual([]);
    expect(harsh.failed.length).toBeGreaterThan(0);
    expect(harsh.answered).toBeGreaterThan(PART_S);

    // Well again: nothing that the resets left behind fails a call.
    await sleep(2000);
    for (const channel of channels) {
      expect((await callPayment(channel, quoteMethod, { sku: 'mug' }, TRACE, 30_000)).sku).toBe('mug');
      channel.close();
    }
  },
);

/** The shop's payment service alone; its outbox waits for a broker that never comes. */
class PaymentProcess {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    readonly address: string,
  ) {}

  static async start(): Promise<PaymentProcess> {
    const folder = mkdtempSync(join(tmpdir(), 'plimsoll-payment-'));
    const base = 20_000 + Math.floor(Math.random() * 10_000);
    const child = fork(join(import.meta.dirname, '../../examples/shop/dist/payment/main.js'), {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
      env: { ...process.env, SHOP_PORT_BASE: String(base), SHOP_DATA: folder, SHOP_LOG_LEVEL: 'silent' },
    });
    const [word] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [unknown];
    if (word !== 'listening') throw new Error(`payment did not start on ports from ${base}: ${String(word)}`);
    return new PaymentProcess(child, folder, `127.0.0.1:${base + 203}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null) {
      const exit = once(this.child, 'exit');
      this.child.kill('SIGTERM');
      await exit;
    }
    rmSync(this.folder, { recursive: true });
  }
}
