import type { Socket } from 'node:net';
import type { Outcome } from '../record/outcomes.js';
import type { ClientInternals } from './autocannon-client.js';
import type { CompiledRequest } from './compiled-request.js';
import type { Expiring } from './deadlines.js';
import type { StreamPlan } from './driver.js';
import { MOST_BODY_BYTES } from './expectations.js';
import { isLocalLimit, isReset, outcomeOfConnectFailure } from './failure.js';
import { openSocket, readyEvent } from './origin.js';

/** Whoever keeps the books and says when a user asks again. */
export interface UserOwner {
  readonly tls: StreamPlan['tls'];
  nowUs(): number;
  settle(user: ClosedUser, outcome: Outcome, endUs: number): void;
  onLocalLimit(): void;
}

/**
 * One user: an autocannon client whose connecting and asking are ours. It has at most one request open, on at most one
 * connection; whatever a connection says after it was let go is not heard.
 */
export class ClosedUser implements Expiring {
  earlier: Expiring | undefined;
  later: Expiring | undefined;
  deadlineAtUs = Infinity;
  index = -1;
  dueUs = 0;
  sentUs = -1;
  status = 0;
  request: CompiledRequest | undefined;
  /** When the user is ready for the next request; Infinity while one is open. */
  readyAtUs = Infinity;
  #open = false;
  #answered = false;
  #keepAlive = false;
  #connected = false;
  #originKey = '';
  #body: Uint8Array[] = [];
  #bodyBytes = 0;
  #prepared = false;

  constructor(
    private readonly owner: UserOwner,
    private readonly client: ClientInternals,
    readonly number: number,
  ) {
    // Called once from the client's constructor, when the parser has its callbacks; after that by us alone.
    client._connect = () => {
      if (this.#prepared) this.#connect();
      else this.#prepareParser();
    };
    // Called by autocannon when an answer is complete. The rest of the chunk must be parsed before anything new is sent.
    client._doRequest = () => {
      this.#answered = true;
    };
    // Called for each client when autocannon is stopped; its own expects a connection to be there.
    client._destroyConnection = () => this.#drop();
    // It would collect every body as text.
    client.pipelinedRequests.addBody = () => undefined;
    client.on('headers', (head: { statusCode: number; shouldKeepAlive: boolean }) => {
      this.status = head.statusCode;
      this.#keepAlive = head.shouldKeepAlive;
    });
    client.on('body', (chunk: Buffer) => this.#keep(chunk));
  }

  get open(): boolean {
    return this.#open;
  }

  /** Sends arrival `index`, on the connection that is there or a new one. */
  ask(request: CompiledRequest, index: number, dueUs: number): void {
    Object.assign(this, { request, index, dueUs, sentUs: -1, status: 0, readyAtUs: Infinity });
    this.deadlineAtUs = dueUs + request.deadlineUs;
    this.#open = true;
    this.#answered = false;
    this.#body = [];
    this.#bodyBytes = 0;
    this.client.requestIterator.currentRequest.requestBuffer = requestBytes(request, index);
    if (this.client.conn && this.#connected && this.#originKey === request.origin.key) this.#write();
    else this.client._connect();
  }

  /** The deadline has passed. */
  expire(): void {
    this.#drop();
    this.#end(this.sentUs >= 0 ? 'timeout' : 'unsent');
  }

  /** The load is over before this has ended. */
  abandon(): void {
    this.readyAtUs = Infinity;
    this.#drop();
    if (this.#open) this.#end('unfinished');
  }

  #prepareParser(): void {
    this.#prepared = true;
    const { parser } = this.client;
    const { kOnHeadersComplete, kOnMessageComplete } = parser.constructor;
    const onHeaders = parser[kOnHeadersComplete] as (info: { statusCode: number }) => void;
    const onComplete = parser[kOnMessageComplete] as () => void;
    let interim = false;
    parser[kOnHeadersComplete] = (info: { statusCode: number }) => {
      interim = info.statusCode < 200 && info.statusCode !== 101;
      if (!interim) onHeaders(info);
      // An answer to HEAD has no body, whatever its headers say.
      return this.request?.method === 'HEAD';
    };
    parser[kOnMessageComplete] = () => {
      // 1xx answers are followed by the real one.
      if (!interim) onComplete();
    };
  }

  #connect(): void {
    this.#drop();
    const { request } = this;
    if (!request) return;
    this.client.pipelinedRequests.clear();
    this.client.parser.reinitialize(this.client.parser.constructor.RESPONSE);
    const socket = openSocket(request.origin, this.owner.tls);
    this.client.conn = socket;
    this.#originKey = request.origin.key;
    const mine = (): boolean => this.client.conn === socket;
    socket.once(readyEvent(request.origin), () => {
      if (!mine()) return;
      this.#connected = true;
      if (this.#open) this.#write();
    });
    socket.on('data', (chunk: Buffer) => mine() && this.#read(chunk));
    socket.on('end', () => mine() && this.#ended());
    socket.on('error', (error) => mine() && this.#broke(error));
    socket.on('close', () => mine() && this.#ended());
  }

  #write(): void {
    const { client } = this;
    const nowUs = this.owner.nowUs();
    if (nowUs >= this.deadlineAtUs) return;
    this.sentUs = nowUs;
    client.pipelinedRequests.insertRequest(client.requestIterator.currentRequest);
    client.conn?.write(client.getRequestBuffer());
  }

  #read(chunk: Buffer): void {
    // Bytes that nobody asked for: this connection is out of step, and no answer may be taken from it.
    if (!this.#open || this.sentUs < 0) return this.#drop();
    let failure: unknown;
    try {
      const result = this.client.parser.execute(chunk);
      if (result instanceof Error) failure = result;
    } catch (error) {
      // autocannon itself stumbles over a second answer to one request.
      failure = error;
    }
    if (this.#answered) {
      if (failure !== undefined || !this.#keepAlive) this.#drop();
      this.#answer();
    } else if (failure !== undefined || this.#bodyBytes > MOST_BODY_BYTES) {
      this.#drop();
      this.#end('bad_response');
    }
  }

  /** FIN, or a close without a word. */
  #ended(): void {
    // An answer without a length ends with its connection.
    if (this.#open && this.sentUs >= 0) this.client.parser.finish();
    const connected = this.#connected;
    this.#drop();
    if (!this.#open) return;
    if (this.#answered) this.#answer();
    else this.#end(connected ? 'closed' : 'refused');
  }

  #broke(error: Error): void {
    const connected = this.#connected;
    this.#drop();
    if (!this.#open) return;
    if (isLocalLimit(error)) this.owner.onLocalLimit();
    if (!connected) this.#end(outcomeOfConnectFailure(error));
    else this.#end(isReset(error) ? 'reset' : 'closed');
  }

  #answer(): void {
    const { request } = this;
    if (!this.#open || !request) return;
    const tooLong = this.#bodyBytes > MOST_BODY_BYTES;
    this.#end(tooLong ? 'bad_response' : request.expectations.outcomeOf(this.status, Buffer.concat(this.#body)));
  }

  #keep(chunk: Buffer): void {
    if (this.request?.expectations.needsBody !== true) return;
    this.#bodyBytes += chunk.length;
    if (this.#bodyBytes <= MOST_BODY_BYTES) this.#body.push(new Uint8Array(chunk));
  }

  #end(outcome: Outcome): void {
    if (!this.#open) return;
    this.#open = false;
    this.#body = [];
    const nowUs = this.owner.nowUs();
    // Known too late is too late, even if the timer for it comes after.
    const late = nowUs > this.deadlineAtUs && outcome !== 'unfinished';
    this.owner.settle(this, late ? (this.sentUs >= 0 ? 'timeout' : 'unsent') : outcome, nowUs);
  }

  /** Lets the connection go: nothing that it still says will be heard. */
  #drop(): void {
    const socket: Socket | undefined = this.client.conn;
    this.client.conn = undefined;
    this.#connected = false;
    if (!socket) return;
    socket.removeAllListeners();
    socket.on('error', () => undefined);
    socket.destroy();
  }
}

/** Methods for which a missing body is told as one of length 0. */
const EXPECTS_BODY = new Set(['POST', 'PUT', 'PATCH']);

function requestBytes(request: CompiledRequest, index: number): Buffer {
  const { method, origin } = request;
  const body = request.body(index);
  const headers = request.headers(index);
  let head = `${method} ${request.path(index)} HTTP/1.1\r\n`;
  let hasHost = false;
  for (let k = 0; k < headers.length; k += 2) {
    if (headers[k]?.toLowerCase() === 'host') hasHost = true;
    head += `${headers[k]}: ${headers[k + 1]}\r\n`;
  }
  if (!hasHost) head += `host: ${origin.hostHeader}\r\n`;
  head += 'connection: keep-alive\r\n';
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  if (bytes !== undefined || EXPECTS_BODY.has(method)) head += `content-length: ${bytes?.length ?? 0}\r\n`;
  const start = Buffer.from(`${head}\r\n`, 'latin1');
  return bytes === undefined ? start : Buffer.concat([start, bytes]);
}
