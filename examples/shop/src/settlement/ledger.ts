import { join } from 'node:path';
import { z } from 'zod';
import { defects } from '../shared/defects.js';
import { Journal } from '../shared/journal.js';
import { RecentIds } from '../shared/recent-ids.js';

const Settled = z.object({ order: z.string(), amountCents: z.number() });
type Settled = z.infer<typeof Settled>;

const active = defects();

/**
 * Messages arrive at least once; what they order is done exactly once. Two rules make that: whatever was done is
 * recognised by the order's id when it comes again, and it is on file when `settle` returns, so that a confirmation which
 * is sent afterwards never promises more than a killed process still knows.
 */
export class Ledger {
  private readonly settled = new RecentIds();
  private readonly journal: Journal<Settled>;
  /** The defect `lose-on-restart`: what was confirmed and will be written later. */
  private readonly unwritten: Settled[] = [];

  constructor(folder: string) {
    const { journal, entries } = Journal.open(fileIn(folder), Settled);
    this.journal = journal;
    for (const { order } of entries) this.settled.add(order);
  }

  /** False where this order was settled already, in whatever life of this process. */
  settle(order: string, amountCents: number): boolean {
    if (this.settled.has(order) && !active.has('settle-twice')) return false;
    this.write({ order, amountCents });
    this.settled.add(order);
    return true;
  }

  close(): void {
    for (const entry of this.unwritten.splice(0)) this.journal.append(entry);
    this.journal.close();
  }

  private write(entry: Settled): void {
    if (!active.has('lose-on-restart')) return this.journal.append(entry);
    this.unwritten.push(entry);
    if (this.unwritten.length < BUFFER) return;
    for (const one of this.unwritten.splice(0)) this.journal.append(one);
  }
}

const BUFFER = 100;

/** Where it is kept; the audit reads it. */
export function fileIn(folder: string): string {
  return join(folder, 'settlement.ndjson');
}
