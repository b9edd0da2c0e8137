import type { Chunk, Outlet } from '../stage.js';
import type { Ending } from '../toxics/toxic.js';
import { couldBeginResponse, endsConnection, parseResponseHead, responseFraming } from './head.js';
import { MessageReader } from './message-reader.js';

/** An answer that the proxy gives in the upstream's place. */
export interface OwnAnswer {
  /** Sent as soon as it is this answer's turn, before `bytes`: `100 Continue`. */
  interim: Buffer | undefined;
  bytes: Buffer;
  /** The request has been read to its end: before that, nobody expects the answer. */
  isDue: boolean;
  endsConnection: boolean;
}

type Owed = { kind: 'upstream'; method: string } | { kind: 'own'; answer: OwnAnswer } | { kind: 'end'; ending: Ending };

/**
 * The last part of the way to the client. What comes from the upstream passes at once and unchanged; it is followed only
 * to know where each response ends, so that the proxy's own answers go out in the order of the requests.
 */
export class Responses implements Outlet {
  outlet: Outlet;
  onRoom: () => void = () => undefined;
  /** What the client is still to get, in order. */
  #owed: Owed[] = [];
  #following = false;
  #isCongested = false;
  /** The upstream has said that it sends nothing behind this response. */
  #last = false;
  readonly #reader = new MessageReader(couldBeginResponse);

  constructor(
    outlet: Outlet,
    private readonly options: {
      /** The client has been told everything: end the connection. */
      end(ending: Ending): void;
      /** It can't be told any more where responses end, or this is another protocol from here on. */
      onLost(): void;
      /** The client's side has drained. */
      onDrain(): void;
    },
  ) {
    this.outlet = outlet;
  }

  /** The client does not take the proxy's own answers as fast as it asks. */
  get isCongested(): boolean {
    return this.#isCongested;
  }

  /** From here on, what comes is the answer to what is expected. */
  follow(): void {
    this.#following = true;
  }

  /** A request goes to the upstream. */
  expect(method: string): void {
    this.#owed.push({ kind: 'upstream', method });
  }

  /** A request is answered by the proxy, when all before it are. Call `settle` when the answer becomes due. */
  answer(answer: OwnAnswer): void {
    this.#owed.push({ kind: 'own', answer });
    this.settle();
  }

  /** The connection ends when all requests before are answered. */
  endAfter(ending: Ending): void {
    this.#owed.push({ kind: 'end', ending });
    this.settle();
  }

  /** Send what it is the turn of. */
  settle(): void {
    for (let owed = this.#owed[0]; owed && owed.kind !== 'upstream' && !this.#last; owed = this.#owed[0]) {
      if (owed.kind === 'end') {
        this.#last = true;
        this.options.end(owed.ending);
        return;
      }
      const { answer } = owed;
      if (answer.interim) this.#send(answer.interim);
      answer.interim = undefined;
      if (!answer.isDue) return;
      this.#send(answer.bytes);
      this.#owed.shift();
      if (!answer.endsConnection) continue;
      this.#last = true;
      this.options.end('close');
    }
  }

  hasRoom(): boolean {
    return this.outlet.hasRoom();
  }

  pump(): void {
    this.#isCongested = false;
    this.onRoom();
    this.options.onDrain();
  }

  push(chunk: Chunk): void {
    const { data, readAtMs } = chunk;
    let sent = 0;
    let at = 0;
    while (this.#following && at < data.length) {
      const { step, next } = this.#reader.read(data, at);
      at = next;
      if (step === 'more') break;
      const isOver = step === 'end' || (step === 'head' && this.#headEnds());
      if (step === 'malformed') this.#lose();
      if (!isOver) continue;
      this.#owed.shift();
      if (this.#owed[0] === undefined || this.#owed[0].kind === 'upstream') continue;
      this.outlet.push({ data: data.subarray(sent, at), readAtMs });
      sent = at;
      this.settle();
    }
    if (sent < data.length) this.outlet.push(sent === 0 ? chunk : { data: data.subarray(sent), readAtMs });
  }

  end(): void {
    this.outlet.end();
  }

  /** A response's head has come. @returns whether the response ends with it */
  #headEnds(): boolean {
    const head = parseResponseHead(this.#reader.headText);
    const owed = this.#owed[0];
    // Nobody asked (as the 408 that some servers send before they hang up), or it can't be told where it ends.
    if (!head || owed?.kind !== 'upstream') return this.#lose();
    if (head.status === 101 || (owed.method === 'CONNECT' && head.status >= 200 && head.status < 300)) {
      return this.#lose();
    }
    const framing = responseFraming(head, owed.method);
    if (!framing) return this.#lose();
    if (head.status < 200) {
      this.#reader.body({ kind: 'none' });
      return false;
    }
    this.#last ||= endsConnection(head) || framing.kind === 'until-close';
    this.#reader.body(framing);
    return framing.kind === 'none';
  }

  #lose(): false {
    this.#following = false;
    this.#last = true;
    this.options.onLost();
    return false;
  }

  #send(data: Buffer): void {
    this.outlet.push({ data, readAtMs: performance.now() });
    this.#isCongested = !this.outlet.hasRoom();
  }
}
