/**
 * So much time of the line may be used within any second: 100.4 % of what the rate allows. The piece that ends a second does
 * not count: it was on its way before.
 */
const MOST_MS = 1004;
const SECOND_MS = 1000;
/** Sends so close together count as one. */
const TOGETHER_MS = 1;

interface Mark {
  firstMs: number;
  lastMs: number;
  /** Time of the line that was used until then, since the beginning. */
  usedMs: number;
}

/** What a line sent within the last second, so that it never makes good too much at once of what it was late by. */
export class LastSecond {
  #marks: Mark[] = [];
  #head = 0;
  #usedMs = 0;
  /** Of what is older than the window. */
  #forgottenMs = 0;
  #earliestMs = 0;

  /** @returns when the next piece may be sent at the earliest (`performance.now()`) */
  earliest(): number {
    for (let oldest = this.#marks[this.#head]; oldest; oldest = this.#marks[this.#head]) {
      if (this.#usedMs - this.#forgottenMs <= MOST_MS) break;
      this.#forgottenMs = oldest.usedMs;
      this.#earliestMs = oldest.lastMs + SECOND_MS;
      this.#head += 1;
    }
    if (this.#head > SECOND_MS) {
      this.#marks = this.#marks.slice(this.#head);
      this.#head = 0;
    }
    return this.#earliestMs;
  }

  sent(atMs: number, lineMs: number): void {
    this.#usedMs += lineMs;
    const last = this.#marks.length > this.#head ? this.#marks.at(-1) : undefined;
    if (last && atMs - last.firstMs < TOGETHER_MS) {
      last.lastMs = atMs;
      last.usedMs = this.#usedMs;
    } else {
      this.#marks.push({ firstMs: atMs, lastMs: atMs, usedMs: this.#usedMs });
    }
  }
}
