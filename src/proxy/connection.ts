import type { Socket } from 'node:net';
import { Link } from './link.js';
import { randomStream } from './random.js';
import type { Stream, Toxic } from './toxics/toxic.js';

export interface Bytes {
  received: number;
  sent: number;
}

/** A client and its upstream, joined by two independent links. */
export class Connection {
  readonly #links: Record<Stream, Link>;
  /** Linger 0: whoever closes, the peer gets RST. Decided once, when the connection begins. */
  readonly #reset: boolean;
  #openSockets = 2;

  constructor(
    private readonly client: Socket,
    private readonly upstream: Socket,
    options: { toxics: readonly Toxic[]; seed: number; name: string; onEnd: (connection: Connection) => void },
  ) {
    const { toxics, seed, name, onEnd } = options;
    this.#reset = toxics.some((toxic) => toxic.definition.resetsConnections);
    this.#links = {
      upstream: new Link(client, upstream, randomStream(seed, `${name}/upstream`), () => this.#close(upstream)),
      downstream: new Link(upstream, client, randomStream(seed, `${name}/downstream`), () => this.#close(client)),
    };
    for (const socket of [client, upstream]) {
      // A reset reads as the end of the stream ('close' follows); there is nobody else to tell.
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.#openSockets -= 1;
        if (this.#openSockets > 0) return;
        this.#links.upstream.destroy();
        this.#links.downstream.destroy();
        onEnd(this);
      });
    }
    for (const stream of ['upstream', 'downstream'] as const) {
      this.#links[stream].start(toxics.filter((toxic) => toxic.stream === stream));
    }
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
    return { received: source.bytesRead, sent: destination.bytesWritten };
  }

  /** Close both sides at once; what toxics hold is dropped. */
  destroy(): void {
    this.#links.upstream.destroy();
    this.#links.downstream.destroy();
    for (const socket of [this.client, this.upstream]) this.#destroySocket(socket);
  }

  #close(socket: Socket): void {
    if (socket.destroyed) return;
    if (!this.#reset) {
      socket.destroySoon();
    } else if (socket.writableLength === 0) {
      this.#destroySocket(socket);
    } else {
      socket.write('', () => this.#destroySocket(socket));
    }
  }

  #destroySocket(socket: Socket): void {
    if (this.#reset && !socket.destroyed) socket.resetAndDestroy();
    else socket.destroy();
  }
}
