import { defects } from './defects.js';

const racing = defects().has('init-races');

/**
 * Something that is made when it is first asked for, and once, however many ask at the same time: all of them wait for
 * the same promise. What has failed is forgotten, so that the next one tries again instead of inheriting the error.
 */
export class Once<T> {
  /** How often it was begun: 1 for ever, unless it failed. */
  runs = 0;
  private running: Promise<T> | undefined;
  private value: { it: T } | undefined;

  constructor(private readonly make: () => Promise<T>) {}

  get(): Promise<T> {
    return racing ? this.getUnguarded() : (this.running ??= this.begin());
  }

  private async begin(): Promise<T> {
    this.runs++;
    try {
      return await this.make();
    } catch (error) {
      this.running = undefined;
      throw error;
    }
  }

  /** The defect, as it is usually written: between the look and the assignment all the others look, too. */
  private async getUnguarded(): Promise<T> {
    this.value ??= { it: await this.begin() };
    return this.value.it;
  }
}
