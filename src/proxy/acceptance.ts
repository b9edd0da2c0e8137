import type { Socket } from 'node:net';
import { hangUp } from './hang-up.js';
import { randomStream } from './random.js';
import { strikesLeft, type Toxic } from './toxics/toxic.js';

/** Turns new connections away where a toxic says so. */
export class Acceptance {
  /** Still to hang up. */
  readonly #leaving = new Set<Socket>();
  #count = 0;

  constructor(
    private readonly seed: number,
    private readonly proxy: string,
  ) {}

  /** @returns whether the connection was ended */
  turnsAway(client: Socket, toxics: readonly Toxic[]): boolean {
    this.#count += 1;
    for (const toxic of toxics) {
      const ending = toxic.definition.acceptance?.(toxic.attributes);
      if (ending === undefined || strikesLeft(toxic) === 0) continue;
      const rolled = randomStream(this.seed, `${this.proxy}/accept/${this.#count}/${toxic.name}`)() < toxic.toxicity;
      if (!rolled) continue;
      toxic.struck += 1;
      toxic.seen.hits += 1;
      toxic.seen.closedConnections += 1;
      if (ending === 'reset') client.resetAndDestroy();
      else this.#hangUp(client);
      return true;
    }
    return false;
  }

  /** The proxy stops. */
  stop(): void {
    for (const client of this.#leaving) client.destroy();
  }

  #hangUp(client: Socket): void {
    this.#leaving.add(client);
    client.once('close', () => this.#leaving.delete(client));
    hangUp(client);
  }
}
