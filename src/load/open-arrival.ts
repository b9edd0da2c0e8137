import type { Dispatcher } from 'undici';
import type { Outcome } from '../record/outcomes.js';
import { systemCodeOf } from '../support/errors.js';
import type { CompiledRequest } from './compiled-request.js';
import type { Expiring } from './deadlines.js';
import { MOST_BODY_BYTES } from './expectations.js';
import { isLocalLimit, isReset, outcomeOfConnectFailure } from './failure.js';
import type { ClosingSocket } from './undici-connector.js';

/** Whoever keeps the books of the arrivals. */
export interface ArrivalOwner {
  /** The socket whose end undici is telling about just now. */
  readonly closing: ClosingSocket;
  nowUs(): number;
  settle(arrival: OpenArrivalHandler, outcome: Outcome, endUs: number): void;
  onLocalLimit(): void;
}

/** Thrown into undici to keep a request from being written; unlike an abort it leaves the connection alone. */
const NOT_TO_BE_SENT = new Error('this request may not be sent any more');

/** One arrival on its way through undici: ends in exactly one outcome, whatever undici tells afterwards. */
export class OpenArrivalHandler implements Dispatcher.DispatchHandler, Expiring {
  earlier: Expiring | undefined;
  later: Expiring | undefined;
  readonly deadlineAtUs: number;
  /** Negative until its first byte was handed to a connected socket. */
  sentUs = -1;
  status = 0;
  #settled = false;
  #controller: Dispatcher.DispatchController | undefined;
  #body: Uint8Array[] | undefined;
  #bodyBytes = 0;

  constructor(
    private readonly owner: ArrivalOwner,
    readonly request: CompiledRequest,
    readonly index: number,
    readonly dueUs: number,
  ) {
    this.deadlineAtUs = dueUs + request.deadlineUs;
  }

  /** The deadline has passed. */
  expire(): void {
    this.#end(this.sentUs >= 0 ? 'timeout' : 'unsent');
    this.#letGo();
  }

  /** The load is over before this has ended. */
  abandon(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.owner.settle(this, 'unfinished', this.owner.nowUs());
    this.#letGo();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // It expired in the pool's queue, and the server must not see it.
    if (this.#settled) throw NOT_TO_BE_SENT;
    if (this.sentUs >= 0) {
      // undici starts it again since its connection went away without an error of its own: that would be a retry.
      this.#end('closed');
      throw NOT_TO_BE_SENT;
    }
    const nowUs = this.owner.nowUs();
    if (nowUs >= this.deadlineAtUs) {
      this.#end('unsent');
      throw NOT_TO_BE_SENT;
    }
    this.sentUs = nowUs;
    this.#controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, statusCode: number): void {
    // 1xx answers are followed by the real one.
    if (statusCode >= 200) this.status = statusCode;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.request.expectations.needsBody || this.#settled) return;
    this.#bodyBytes += chunk.length;
    if (this.#bodyBytes > MOST_BODY_BYTES) {
      this.#end('bad_response');
      this.#letGo();
      return;
    }
    // The chunk is a view of undici's buffer, which is used again.
    (this.#body ??= []).push(new Uint8Array(chunk));
  }

  onResponseEnd(): void {
    if (this.#settled) return;
    const body = this.#body === undefined ? undefined : Buffer.concat(this.#body);
    this.#end(this.request.expectations.outcomeOf(this.status, body));
    this.#controller = undefined;
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#controller = undefined;
    if (this.#settled) return;
    if (isLocalLimit(error)) this.owner.onLocalLimit();
    if (this.sentUs >= 0) this.#end(this.#outcomeOfFailure(error));
    // undici refused it by itself, without trying a connection.
    else if (systemCodeOf(error)?.startsWith('UND_ERR_') === true) this.#end('unsent');
    else this.#end(outcomeOfConnectFailure(error));
  }

  /** What the end of an established connection, or of its parser's patience, means. */
  #outcomeOfFailure(error: Error): Outcome {
    if (isReset(error) || this.owner.closing.errorCode !== undefined) return 'reset';
    switch (systemCodeOf(error)) {
      case 'UND_ERR_SOCKET':
        // "bad response", "bad upgrade": the peer is there, but does not speak HTTP as asked.
        return error.message.startsWith('bad ') ? 'bad_response' : 'closed';
      case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
        // Also undici's word for garbage among the headers, when a content-length came before it.
        return this.status > 0 ? 'closed' : 'bad_response';
      case 'HPE_INVALID_EOF_STATE':
        return 'closed';
      default:
        return 'bad_response';
    }
  }

  #end(outcome: Outcome): void {
    if (this.#settled) return;
    this.#settled = true;
    const nowUs = this.owner.nowUs();
    // Known too late is too late, even if the timer for it comes after.
    const late = nowUs > this.deadlineAtUs;
    this.owner.settle(this, late ? (this.sentUs >= 0 ? 'timeout' : 'unsent') : outcome, nowUs);
  }

  /** Destroys the connection that works for an arrival which nobody waits for any more. */
  #letGo(): void {
    const controller = this.#controller;
    this.#controller = undefined;
    this.#body = undefined;
    controller?.abort(NOT_TO_BE_SENT);
  }
}
