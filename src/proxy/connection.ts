import type { Socket } from 'node:net';
import { hangUp } from './hang-up.js';
import { HttpGate } from './http/gate.js';
import type { Intake } from './intake.js';
import { Link, type LinkOwner } from './link.js';
import type { Random } from './random.js';
import type { Ending, Stream, Toxic } from './toxics/toxic.js';

export interface Bytes {
  received: number;
  sent: number;
}

/** A socket and the memory that it reads into. */
export interface End {
  socket: Socket;
  intake: Intake;
}

export interface ConnectionOwner {
  readonly toxics: readonly Toxic[];
  /** The chance of one direction of a connection, or of what happens to its requests. */
  random(connectionNumber: number, purpose: Stream | 'http'): Random;
  ended(connection: Connection): void;
}

/** A client and its upstream, joined by two independent links. */
export class Connection implements LinkOwner {
  readonly #links: Record<Stream, Link>;
  /** Linger 0: whoever closes, the peer gets RST. Decided once, when the connection begins. */
  readonly #reset: boolean;
  #openSockets = 2;
  /** Made when the first HTTP toxic comes. */
  #http: HttpGate | undefined;
  readonly beganAtMs = performance.now();

  constructor(
    readonly client: End,
    readonly upstream: End,
    /** Counts from 1 for each proxy. */
    readonly id: number,
    private readonly owner: ConnectionOwner,
  ) {
    const { toxics } = owner;
    this.#reset = toxics.some((toxic) => toxic.definition.resetsConnections);
    this.#links = {
      upstream: new Link('upstream', client.socket, upstream.socket, this),
      downstream: new Link('downstream', upstream.socket, client.socket, this),
    };
    client.socket.on('close', this.#onSocketClosed);
    upstream.socket.on('close', this.#onSocketClosed);
    for (const toxic of toxics) if (toxic.definition.request) this.#setHttp(toxic);
    this.#links.upstream.start(toxics, client.intake);
    this.#links.downstream.start(toxics, upstream.intake);
  }

  random(stream: Stream): Random {
    return this.owner.random(this.id, stream);
  }

  appendToxic(toxic: Toxic): void {
    const ending = toxic.definition.arrival?.(toxic.attributes);
    if (ending) this.#end(ending);
    else if (toxic.definition.behaviour) this.#links[toxic.stream].appendToxic(toxic);
    else if (toxic.definition.request) this.#setHttp(toxic);
  }

  updateToxic(toxic: Toxic): void {
    if (toxic.definition.behaviour) this.#links[toxic.stream].updateToxic(toxic);
    else if (toxic.definition.request) this.#setHttp(toxic);
  }

  removeToxic(toxic: Toxic): void {
    if (toxic.definition.behaviour) this.#links[toxic.stream].removeToxic(toxic);
    else this.#http?.remove(toxic);
  }

  /** Live: read from the sockets' own counters. */
  bytes(stream: Stream): Bytes {
    const [source, destination] = stream === 'upstream' ? [this.client, this.upstream] : [this.upstream, this.client];
    return { received: source.socket.bytesRead, sent: destination.socket.bytesWritten };
  }

  /** Close both sides at once; what toxics hold is dropped. */
  destroy(): void {
    this.#links.upstream.destroy();
    this.#links.downstream.destroy();
    this.#http?.destroy();
    for (const { socket } of [this.client, this.upstream]) this.#destroySocket(socket);
  }

  close(socket: Socket): void {
    if (socket.destroyed) return;
    // What was written is the system's by then, and goes out before the FIN.
    if (socket.writableLength === 0) this.#destroySocket(socket);
    else if (this.#reset) socket.write('', () => this.#destroySocket(socket));
    else socket.destroySoon();
  }

  #setHttp(toxic: Toxic): void {
    if (!this.#http) {
      this.#http = new HttpGate({
        random: this.owner.random(this.id, 'http'),
        isFresh: this.client.socket.bytesRead === 0,
        end: (ending) => this.#end(ending),
      });
      this.#links.upstream.setFront(this.#http.requests);
      this.#links.downstream.setBack(this.#http.responses);
    }
    this.#http.set(toxic);
  }

  /** The proxy itself ends it: behind all that was written to the client, or at once. */
  #end(ending: Ending): void {
    for (const link of [this.#links.upstream, this.#links.downstream]) link.destroy();
    this.#http?.destroy();
    if (ending === 'close' && !this.#reset) {
      this.upstream.socket.destroy();
      hangUp(this.client.socket);
    } else {
      for (const { socket } of [this.client, this.upstream]) if (!socket.destroyed) socket.resetAndDestroy();
    }
  }

  #destroySocket(socket: Socket): void {
    if (this.#reset && !socket.destroyed) socket.resetAndDestroy();
    else socket.destroy();
  }

  readonly #onSocketClosed = (): void => {
    this.#openSockets -= 1;
    if (this.#openSockets > 0) return;
    this.#links.upstream.destroy();
    this.#links.downstream.destroy();
    this.#http?.destroy();
    this.client.intake.destroy();
    this.upstream.intake.destroy();
    this.owner.ended(this);
  };
}
