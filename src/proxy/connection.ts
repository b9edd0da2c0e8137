import type { Socket } from 'node:net';
import type { Intake } from './intake.js';
import { Link, type LinkOwner } from './link.js';
import type { Random } from './random.js';
import type { Stream, Toxic } from './toxics/toxic.js';

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
  /** The chance of one direction of a connection. */
  random(connectionNumber: number, stream: Stream): Random;
  ended(connection: Connection): void;
}

/** A client and its upstream, joined by two independent links. */
export class Connection implements LinkOwner {
  readonly #links: Record<Stream, Link>;
  /** Linger 0: whoever closes, the peer gets RST. Decided once, when the connection begins. */
  readonly #reset: boolean;
  #openSockets = 2;

  constructor(
    private readonly client: End,
    private readonly upstream: End,
    private readonly number: number,
    private readonly owner: ConnectionOwner,
  ) {
    const { toxics } = owner;
    this.#reset = toxics.some((toxic) => toxic.definition.resetsConnections);
    this.#links = {
      upstream: new Link('upstream', client.socket, upstream.socket, this),
      downstream: new Link('downstream', upstream.socket, client.socket, this),
    };
    client.socket.once('close', this.#onSocketClosed);
    upstream.socket.once('close', this.#onSocketClosed);
    this.#links.upstream.start(toxics, client.intake);
    this.#links.downstream.start(toxics, upstream.intake);
  }

  random(stream: Stream): Random {
    return this.owner.random(this.number, stream);
  }

  appendToxic(toxic: Toxic): void {
    this.#links[toxic.stream].appendToxic(toxic);
  }

  updateToxic(toxic: Toxic): void {
    this.#links[toxic.stream].updateToxic(toxic);
  }

  removeToxic(toxic: Toxic): void {
    this.#links[toxic.stream].removeToxic(toxic);
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
    for (const { socket } of [this.client, this.upstream]) this.#destroySocket(socket);
  }

  close(socket: Socket): void {
    if (socket.destroyed) return;
    // What was written is the system's by then, and goes out before the FIN.
    if (socket.writableLength === 0) this.#destroySocket(socket);
    else if (this.#reset) socket.write('', () => this.#destroySocket(socket));
    else socket.destroySoon();
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
    this.client.intake.destroy();
    this.upstream.intake.destroy();
    this.owner.ended(this);
  };
}
