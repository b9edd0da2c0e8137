import { join } from 'node:path';
import { z } from 'zod';
import { Journal } from '../shared/journal.js';
import { Order } from '../shared/messages.js';

const Entry = z.union([z.object({ accepted: Order }), z.object({ done: z.string() })]);
type Entry = z.infer<typeof Entry>;

/**
 * The orders that this replica has accepted and not yet brought to payment. Written down before payment is asked, so
 * that a replica which is killed at any moment takes them up again when it is back.
 */
export class OrderBook {
  private readonly open = new Map<string, Order>();
  private readonly journal: Journal<Entry>;

  constructor(folder: string, replica: number) {
    const { journal, entries } = Journal.open(join(folder, `order-${replica}.ndjson`), Entry);
    this.journal = journal;
    for (const entry of entries) {
      if ('accepted' in entry) this.open.set(entry.accepted.id, entry.accepted);
      else this.open.delete(entry.done);
    }
  }

  accept(order: Order): void {
    this.journal.append({ accepted: order });
    this.open.set(order.id, order);
  }

  /** Payment has it now, or the customer was told no. */
  done(id: string): void {
    this.journal.append({ done: id });
    this.open.delete(id);
    this.journal.compactWhenLong(() => [...this.open.values()].map((order) => ({ accepted: order })));
  }

  /** Oldest first. */
  waiting(): IterableIterator<Order> {
    return this.open.values();
  }

  get size(): number {
    return this.open.size;
  }

  close(): void {
    this.journal.close();
  }
}
