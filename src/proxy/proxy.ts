import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { acceptClients } from './accept.js';
import { Acceptance } from './acceptance.js';
import { formatAddress, listenError, resolveListen, splitAddress, type HostPort } from './address.js';
import { Connection, type ConnectionOwner, type End } from './connection.js';
import { connectionStatus, type ConnectionList } from './connections.js';
import { ApiError } from './errors.js';
import { Intake } from './intake.js';
import type { Log } from './log.js';
import { randomStream, type Random } from './random.js';
import { toxicTraffic, type ProxyTraffic } from './traffic.js';
import type { Attributes } from './toxics/attribute.js';
import type { Stream, Toxic } from './toxics/toxic.js';

export interface ProxySurroundings {
  seed: number;
  log: Log;
  /** Told when a connection has ended. */
  onTransferred(proxy: Proxy, stream: Stream, bytes: { received: number; sent: number }): void;
}

/** A listener, its upstream, its toxics and its connections. */
export class Proxy implements ConnectionOwner {
  #server: Server | undefined;
  /** Upstreams not reached yet; a dial that hangs holds up nobody else. */
  readonly #dialling = new Set<Socket>();
  #accepted = 0;
  readonly #connections = new Set<Connection>();
  #connectionsTotal = 0;
  readonly #ended = { upstream: 0, downstream: 0 };
  readonly #toxics: Toxic[] = [];
  readonly #acceptance: Acceptance;

  constructor(
    readonly name: string,
    /** As given until started, then as resolved. */
    public listen: string,
    public upstream: string,
    private readonly surroundings: ProxySurroundings,
  ) {
    this.#acceptance = new Acceptance(surroundings.seed, name);
  }

  get enabled(): boolean {
    return this.#server !== undefined;
  }

  /** All upstream toxics, then all downstream ones, each in order of creation. */
  get toxics(): readonly Toxic[] {
    return this.#toxics.length === 0 ? [] : [...this.#of('upstream'), ...this.#of('downstream')];
  }

  /** @throws ApiError 500 when the address can't be listened on */
  async start(): Promise<void> {
    if (this.#server) return;
    const address = await resolveListen(this.listen, 'listen tcp: ');
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
    try {
      await listenOn(server, address);
    } catch (error) {
      throw listenError(error, address);
    }
    acceptClients(server, (client) => this.#accept(client));
    server.on('error', (error) => this.surroundings.log.warn('accepting failed', { proxy: this.name, error }));
    this.#server = server;
    const bound = server.address() as AddressInfo;
    this.listen = formatAddress({ host: bound.address, port: bound.port });
    this.surroundings.log.info('Started proxy', { proxy: this.name, listen: this.listen, upstream: this.upstream });
  }

  /** Close the listener and all connections; what toxics hold is dropped. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    this.#acceptance.stop();
    for (const upstream of this.#dialling) upstream.destroy();
    for (const connection of this.#connections) connection.destroy();
    await closed;
    this.surroundings.log.info('Terminated proxy', { proxy: this.name, listen: this.listen });
  }

  /**
   * Would these addresses change anything? The listen address is compared as resolved, the upstream as text.
   * @throws ApiError 500 when the listen address can't be understood
   */
  async differs(listen: string, upstream: string): Promise<boolean> {
    return formatAddress(await resolveListen(listen, '')) !== this.listen || upstream !== this.upstream;
  }

  toxic(name: string): Toxic | undefined {
    return this.#toxics.find((toxic) => toxic.name === name);
  }

  addToxic(toxic: Toxic): void {
    this.#toxics.push(toxic);
    for (const connection of this.#connections) connection.appendToxic(toxic);
  }

  updateToxic(toxic: Toxic, toxicity: number, attributes: Attributes): void {
    toxic.toxicity = toxicity;
    toxic.attributes = attributes;
    toxic.struck = 0;
    for (const connection of this.#connections) connection.updateToxic(toxic);
  }

  removeToxic(toxic: Toxic): void {
    this.#toxics.splice(this.#toxics.indexOf(toxic), 1);
    for (const connection of this.#connections) connection.removeToxic(toxic);
  }

  removeAllToxics(): void {
    for (const toxic of this.toxics) this.removeToxic(toxic);
  }

  traffic(): ProxyTraffic {
    const bytes = { ...this.#ended };
    for (const connection of this.#connections) {
      bytes.upstream += connection.bytes('upstream').sent;
      bytes.downstream += connection.bytes('downstream').sent;
    }
    return {
      upstreamBytes: bytes.upstream,
      downstreamBytes: bytes.downstream,
      connectionsOpen: this.#connections.size,
      connectionsTotal: this.#connectionsTotal,
      toxics: Object.fromEntries(this.toxics.map((toxic) => [toxic.name, toxicTraffic(toxic)])),
    };
  }

  connections(): ConnectionList {
    const { connectionsOpen: open, connectionsTotal: total, upstreamBytes, downstreamBytes } = this.traffic();
    const connections = [...this.#connections].map(connectionStatus);
    return { open, total, upstreamBytes, downstreamBytes, connections };
  }

  random(connectionNumber: number, purpose: Stream | 'http'): Random {
    return randomStream(this.surroundings.seed, `${this.name}/${connectionNumber}/${purpose}`);
  }

  ended(connection: Connection): void {
    this.#connections.delete(connection);
    for (const stream of ['upstream', 'downstream'] as const) {
      const bytes = connection.bytes(stream);
      this.#ended[stream] += bytes.sent;
      this.surroundings.onTransferred(this, stream, bytes);
    }
  }

  #of(stream: Stream): Toxic[] {
    return this.#toxics.filter((toxic) => toxic.stream === stream);
  }

  /** Nothing is read from the client before its dial has succeeded. */
  #accept(client: End): void {
    client.socket.on('error', ignore);
    if (this.#acceptance.turnsAway(client.socket, this.#toxics)) return;
    this.#accepted += 1;
    let address: HostPort;
    try {
      address = splitAddress(this.upstream, 'dial tcp: ');
    } catch (error) {
      this.#dialFailed(client.socket, error);
      return;
    }
    this.#dial(client, this.#accepted, address);
  }

  #dial(client: End, number: number, address: HostPort): void {
    const intake = new Intake();
    const upstream = connect({
      host: address.host || 'localhost',
      port: address.port,
      allowHalfOpen: true,
      noDelay: true,
      onread: intake.onread,
    });
    this.#dialling.add(upstream);
    let failure: unknown;
    const onError = (error: unknown): void => {
      failure = error;
    };
    const onClose = (): void => {
      this.#dialling.delete(upstream);
      client.intake.destroy();
      intake.destroy();
      this.#dialFailed(client.socket, failure);
    };
    // Each comes once at most: `on` does, without the wrapper that `once` makes.
    upstream.on('error', onError).on('close', onClose);
    upstream.on('connect', () => {
      this.#dialling.delete(upstream);
      upstream.off('close', onClose).off('error', onError).on('error', ignore);
      this.#connectionsTotal += 1;
      this.#connections.add(new Connection(client, { socket: upstream, intake }, number, this));
    });
  }

  /** Nothing was read from the client: the system answers FIN if it had sent nothing, else RST. */
  #dialFailed(client: Socket, error: unknown): void {
    client.destroy();
    if (!this.#server) return;
    const reason = error instanceof ApiError || error instanceof Error ? error.message : String(error);
    this.surroundings.log.error('Unable to open connection to upstream', {
      proxy: this.name,
      upstream: this.upstream,
      error: reason,
    });
  }
}

/** A reset reads as the end of the stream ('close' follows); there is nobody else to tell. */
const ignore = (): void => undefined;

/** Every address of the host (`''`, `0.0.0.0`, `::`) is one dual-stack listener, as in the original. */
async function listenOn(server: Server, { host, port }: HostPort): Promise<void> {
  const wildcard = host === '' || host === '0.0.0.0' || host === '::';
  try {
    await listening(server, { host: wildcard ? '::' : host, port });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (!wildcard || (code !== 'EAFNOSUPPORT' && code !== 'EADDRNOTAVAIL')) throw error;
    await listening(server, { host: '0.0.0.0', port });
  }
}

async function listening(server: Server, address: HostPort): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...address, backlog: 4096 }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
