import type { Random } from '../random.js';
import type { Outlet } from '../stage.js';
import type { Ending, Toxic } from '../toxics/toxic.js';
import type { RequestHead } from './head.js';
import { Requests, type Harms } from './requests.js';
import { Responses } from './responses.js';
import { isHit } from './targeting.js';

/**
 * One connection's HTTP: between the client and everything else, in both directions. All HTTP toxics of a proxy act here,
 * in order of creation; the other toxics act on the bytes behind it.
 */
export class HttpGate {
  readonly requests: Requests;
  readonly responses: Responses;
  /** With what was rolled: does this toxic concern this connection? */
  readonly #toxics = new Map<Toxic, boolean>();

  constructor(
    private readonly options: {
      random: Random;
      /** Nothing has been read of the connection yet. */
      isFresh: boolean;
      end(ending: Ending): void;
    },
  ) {
    this.responses = new Responses(NOWHERE, {
      end: (ending) => options.end(ending),
      onLost: () => this.requests.becomeOpaque(),
      onDrain: () => this.requests.pump(),
    });
    this.requests = new Requests(NOWHERE, {
      isFresh: options.isFresh,
      harms: (request) => this.#harms(request),
      responses: this.responses,
      end: (ending) => options.end(ending),
    });
  }

  /** Add a toxic, or roll anew for one that was changed. */
  set(toxic: Toxic): void {
    this.#toxics.set(toxic, this.options.random() < toxic.toxicity);
    this.requests.release(toxic);
  }

  remove(toxic: Toxic): void {
    this.#toxics.delete(toxic);
    this.requests.release(toxic);
  }

  destroy(): void {
    this.requests.destroy();
  }

  /** Asked for one by one: between two of them a delay may pass, and the toxics may change. */
  *#harms(request: RequestHead): Harms {
    for (const toxic of this.#toxics.keys()) {
      if (this.#toxics.get(toxic) !== true || !isHit(toxic, request, this.options.random)) continue;
      const harm = toxic.definition.request?.(toxic.attributes, this.options.random);
      if (harm) yield { toxic, harm };
    }
    return undefined;
  }
}

/** Stands where the link puts what really comes next. */
const NOWHERE: Outlet = { hasRoom: () => true, push: () => undefined, end: () => undefined };
