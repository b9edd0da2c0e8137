import { Alarm } from '../alarm.js';
import type { Chunk, Outlet } from '../stage.js';
import type { Ending, RequestHarm, Toxic } from '../toxics/toxic.js';
import {
  beginsWithRequestLine,
  couldBeginRequest,
  endsConnection,
  parseRequestHead,
  requestFraming,
  type RequestHead,
} from './head.js';
import { MessageReader } from './message-reader.js';
import type { OwnAnswer, Responses } from './responses.js';

/** What the toxics do to one request, one after another. */
export type Harms = Iterator<{ toxic: Toxic; harm: RequestHarm }, undefined>;

/**
 * The first part of the way to the upstream. A request's head is held until it is complete and the toxics have been asked
 * about it; everything else passes unchanged. Bytes that are no HTTP/1 pass, and from there on all bytes do.
 */
export class Requests implements Outlet {
  outlet: Outlet;
  onRoom: () => void = () => undefined;
  /**
   * `before`: on a connection in mid-life, until a request begins. `opaque`: this is no HTTP, or not any more.
   * `dropping`: the proxy is ending the connection.
   */
  #mode: 'before' | 'reading' | 'opaque' | 'dropping';
  #queue: Chunk[] = [];
  #ended = false;
  /** The end has been passed on, or nobody wants it. */
  #isOver = false;
  readonly #reader = new MessageReader(couldBeginRequest);
  /** Pieces that pass, to be sent on as one. */
  #passing: Buffer[] = [];
  /** A request that a toxic delays. */
  #delayed: { toxic: Toxic; resume: () => void } | undefined;
  readonly #alarm = new Alarm();
  /** The request that is being read does not reach the upstream. */
  #refused: { toxic: Toxic; answer: OwnAnswer } | undefined;

  constructor(
    outlet: Outlet,
    private readonly options: {
      /** Nothing has been read of the connection yet. */
      isFresh: boolean;
      harms(request: RequestHead): Harms;
      responses: Responses;
      end(ending: Ending): void;
    },
  ) {
    this.outlet = outlet;
    this.#mode = options.isFresh ? 'reading' : 'before';
    if (options.isFresh) options.responses.follow();
  }

  hasRoom(): boolean {
    return !this.#delayed && this.#queue.length === 0 && this.outlet.hasRoom() && !this.options.responses.isCongested;
  }

  push(chunk: Chunk): void {
    this.#queue.push(chunk);
    this.#work();
  }

  pump(): void {
    this.#work();
    if (this.hasRoom()) this.onRoom();
  }

  end(): void {
    this.#ended = true;
    this.#work();
  }

  /** What comes from now on is another protocol. */
  becomeOpaque(): void {
    if (this.#mode !== 'reading') return;
    if (this.#refused) {
      // In the middle of a body that must not reach the upstream, and its end is not to be seen any more.
      this.#mode = 'dropping';
      this.options.end('close');
      return;
    }
    this.#mode = 'opaque';
    this.#pass(this.#reader.takeHeld());
    this.#flush(performance.now());
  }

  /** The toxic is changed or removed: what it holds goes on at once. */
  release(toxic: Toxic): void {
    if (this.#delayed?.toxic !== toxic) return;
    this.#alarm.cancel();
    this.#delayed.resume();
  }

  destroy(): void {
    this.#alarm.cancel();
    this.#delayed = undefined;
    this.#queue = [];
    this.#mode = 'dropping';
    this.#isOver = true;
  }

  #work(): void {
    while (!this.#delayed && this.#queue.length > 0 && this.outlet.hasRoom()) {
      this.#take(this.#queue.shift() as Chunk);
    }
    if (!this.#ended || this.#delayed || this.#queue.length > 0 || this.#isOver) return;
    this.#isOver = true;
    this.#pass(this.#reader.takeHeld());
    this.#flush(performance.now());
    this.outlet.end();
  }

  #take({ data, readAtMs }: Chunk): void {
    if (this.#mode === 'before' && beginsWithRequestLine(data)) {
      this.#mode = 'reading';
      this.options.responses.follow();
    }
    let at = 0;
    while (at < data.length && !this.#delayed) {
      if (this.#mode === 'dropping') break;
      if (this.#mode !== 'reading') {
        this.#pass(data.subarray(at));
        break;
      }
      const { step, next } = this.#reader.read(data, at);
      const piece = data.subarray(at, next);
      at = next;
      if (step === 'head') {
        this.#headCame();
      } else if (step === 'malformed') {
        this.#malformed(piece);
      } else if (!this.#reader.inHead || step === 'end') {
        this.#body(piece, step === 'end');
      }
    }
    if (at < data.length && this.#delayed) this.#queue.unshift({ data: data.subarray(at), readAtMs });
    this.#flush(readAtMs);
  }

  #headCame(): void {
    const request = parseRequestHead(this.#reader.headText);
    const framing = request && requestFraming(request);
    if (!request || !framing) {
      this.#mode = 'opaque';
      this.#pass(this.#reader.head);
      return;
    }
    const harms = this.options.harms(request);
    // Whether the request is judged now or, when it is delayed, later: its body is read after that.
    this.#judge(
      harms,
      () => {
        this.#reader.body(framing);
        if (framing.kind === 'none') this.#requestOver();
      },
      request,
    );
  }

  /** Ask the toxics, one after another; `done` when the request has gone on or was refused. */
  #judge(harms: Harms, done: () => void, request: RequestHead): void {
    for (let next = harms.next(); !next.done && this.#mode === 'reading'; next = harms.next()) {
      const { toxic, harm } = next.value;
      if (harm.kind === 'delay') {
        this.#delay(toxic, harm.ms, () => this.#judge(harms, done, request));
        return;
      }
      if (harm.kind === 'abort') {
        this.#mode = 'dropping';
        toxic.seen.closedConnections += 1;
        toxic.seen.droppedBytes += this.#reader.head.length;
        // Those before it on the connection must get there to be answered.
        this.#flush(performance.now());
        this.options.responses.endAfter(harm.ending);
        return;
      }
      this.#refuse(toxic, harm.answer(request), request);
      done();
      return;
    }
    this.#pass(this.#reader.head);
    if (request.method === 'CONNECT') this.#mode = 'opaque';
    this.options.responses.expect(request.method);
    done();
  }

  #delay(toxic: Toxic, ms: number, next: () => void): void {
    const sinceMs = performance.now();
    const resume = (): void => {
      this.#delayed = undefined;
      toxic.seen.delayedSumMs += performance.now() - sinceMs;
      toxic.seen.delayedCount += 1;
      next();
      this.#flush(performance.now());
      this.pump();
    };
    this.#delayed = { toxic, resume };
    this.#alarm.set(sinceMs + ms, resume);
  }

  #refuse(toxic: Toxic, bytes: Buffer, request: RequestHead): void {
    const waits = request.headers.get('expect')?.some((value) => value.toLowerCase() === '100-continue') ?? false;
    const answer: OwnAnswer = {
      // Whether the body comes when a final answer is there already is up to the client: so let it come.
      interim: waits && request.version === '1.1' ? Buffer.from('HTTP/1.1 100 Continue\r\n\r\n') : undefined,
      bytes,
      isDue: false,
      endsConnection: endsConnection(request),
    };
    toxic.seen.droppedBytes += this.#reader.head.length;
    this.#refused = { toxic, answer };
    this.options.responses.answer(answer);
  }

  #body(piece: Buffer, isLast: boolean): void {
    if (this.#refused) this.#refused.toxic.seen.droppedBytes += piece.length;
    else this.#pass(piece);
    if (isLast) this.#requestOver();
  }

  #requestOver(): void {
    if (!this.#refused) return;
    const { answer } = this.#refused;
    this.#refused = undefined;
    answer.isDue = true;
    if (answer.endsConnection) this.#mode = 'dropping';
    this.options.responses.settle();
  }

  #malformed(piece: Buffer): void {
    const refused = this.#refused;
    if (refused) {
      // The body of a refused request has no end: nothing behind it can be told from it.
      refused.answer.endsConnection = true;
      this.#requestOver();
      return;
    }
    this.#mode = 'opaque';
    this.#pass(this.#reader.takeHeld());
    this.#pass(piece);
  }

  #pass(data: Buffer): void {
    if (data.length > 0) this.#passing.push(data);
  }

  #flush(readAtMs: number): void {
    if (this.#passing.length === 0) return;
    const [first] = this.#passing as [Buffer];
    const data = this.#passing.length === 1 ? first : Buffer.concat(this.#passing);
    this.#passing = [];
    this.outlet.push({ data, readAtMs });
  }
}
