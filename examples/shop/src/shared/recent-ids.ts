/**
 * Remembers the last 100,000 ids at least and 200,000 at most, so that a message which comes twice is noticed and a
 * process that runs for a week does not fill its memory.
 */
export class RecentIds {
  private young = new Set<string>();
  private old = new Set<string>();

  constructor(private readonly generation = 100_000) {}

  has(id: string): boolean {
    return this.young.has(id) || this.old.has(id);
  }

  add(id: string): void {
    this.young.add(id);
    if (this.young.size < this.generation) return;
    this.old = this.young;
    this.young = new Set();
  }
}
