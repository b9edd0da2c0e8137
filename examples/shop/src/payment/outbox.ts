import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Bus } from '../shared/bus.js';
import { defects } from '../shared/defects.js';
import { Journal } from '../shared/journal.js';
import type { Logger } from '../shared/log.js';
import { PAID_TOPIC, PaidMessage, SETTLED_TOPIC, SettledMessage, type PaidOrder } from '../shared/messages.js';
import { RecentIds } from '../shared/recent-ids.js';

const Entry = z.union([
  z.object({ paid: PaidMessage.shape.orders.element }),
  z.object({ settled: z.array(z.string()) }),
]);
type Entry = z.infer<typeof Entry>;

/**
 * Paid orders on their way to settlement. An order is on file before the customer hears "paid", and is sent again and
 * again until settlement has confirmed it: a broker or a settlement that is away delays it and loses nothing. (This is
 * the transactional outbox; that an order may arrive twice is settlement's to handle.)
 */
export class Outbox {
  private readonly unconfirmed = new Map<string, { order: PaidOrder; sentAt: number }>();
  private readonly paid = new RecentIds();
  private readonly journal: Journal<Entry>;
  /** The defect: what is to be sent is kept in memory for up to a second, and an exit forgets it. */
  private readonly forgetful = defects().has('lose-buffer');
  private timer: NodeJS.Timeout | undefined;

  constructor(folder: string) {
    const { journal, entries } = Journal.open(join(folder, 'payment.ndjson'), Entry);
    this.journal = journal;
    for (const entry of entries) {
      if ('paid' in entry) {
        this.paid.add(entry.paid.id);
        this.unconfirmed.set(entry.paid.id, { order: entry.paid, sentAt: NEVER });
      } else {
        for (const id of entry.settled) this.unconfirmed.delete(id);
      }
    }
  }

  /**
   * Before an exit: what waits is sent now, not after the next start. What the broker cannot take in that time stays on
   * file, and is sent then.
   */
  async flush(bus: Bus, limitMs: number): Promise<void> {
    if (this.forgetful) return;
    const until = performance.now() + limitMs;
    while (this.unconfirmed.size > 0 && bus.connected && performance.now() < until) await sleep(SEND_EVERY_MS);
  }

  /** Idempotent: an order that is paid already is not paid again. */
  pay(order: PaidOrder): void {
    if (this.paid.has(order.id)) return;
    if (!this.forgetful) this.journal.append({ paid: order });
    this.paid.add(order.id);
    this.unconfirmed.set(order.id, { order, sentAt: NEVER });
  }

  get size(): number {
    return this.unconfirmed.size;
  }

  start(bus: Bus, log: Logger): void {
    let busy = false;
    this.timer = setInterval(
      () => {
        if (busy || !bus.connected || this.unconfirmed.size === 0) return;
        busy = true;
        void this.sendBatch(bus)
          .catch((error: unknown) => log.warn({ err: error }, 'sending to settlement failed; will try again'))
          .finally(() => (busy = false));
      },
      this.forgetful ? 1_000 : SEND_EVERY_MS,
    );
    bus.subscribe(SETTLED_TOPIC, (message) => this.confirm(SettledMessage.parse(message).ids));
  }

  close(): void {
    clearInterval(this.timer);
    this.journal.close();
  }

  private async sendBatch(bus: Bus): Promise<void> {
    const now = performance.now();
    const due: { order: PaidOrder; sentAt: number }[] = [];
    for (const entry of this.unconfirmed.values()) {
      if (now - entry.sentAt < RESEND_AFTER_MS) continue;
      due.push(entry);
      if (due.length === LARGEST_BATCH) break;
    }
    if (due.length === 0) return;
    for (const entry of due) entry.sentAt = now;
    await bus.publish(PAID_TOPIC, { orders: due.map(({ order }) => order) }, 3_000);
  }

  private confirm(ids: string[]): void {
    const known = ids.filter((id) => this.unconfirmed.delete(id));
    if (known.length === 0) return;
    this.journal.append({ settled: known });
    this.journal.compactWhenLong(() => [...this.unconfirmed.values()].map(({ order }) => ({ paid: order })));
  }
}

const NEVER = Number.NEGATIVE_INFINITY;
const SEND_EVERY_MS = 20;
const RESEND_AFTER_MS = 2_000;
const LARGEST_BATCH = 500;
