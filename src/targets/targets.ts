import type { ProcessIdentity } from '../record/undo.js';

/** `tcp` needs `canary.send` and `expect` to be measured; the others bring their own canary. */
const LINK_PROTOCOLS = ['tcp', 'http', 'http2', 'grpc', 'redis', 'mqtt'] as const;
export type LinkProtocol = (typeof LINK_PROTOCOLS)[number];

export interface LinkCanary {
  /** http: a path to GET. */
  path?: string;
  /** tcp: bytes to send (a JavaScript-escaped string) and a text that the answer must contain. */
  send?: string;
  expect?: string;
}

/** A link as the plan resolved it: a directed TCP connection that runs through a proxy. */
export interface LinkPlan {
  name: string;
  from: string;
  to: string;
  /** Where the proxy listens, as the proxy's host sees it: `host:port`. */
  listen: string;
  upstream: string;
  /** Where *we* reach the proxy's listener, when that differs from `listen` (Compose). */
  via: string | undefined;
  protocol: LinkProtocol;
  canary: LinkCanary | undefined;
}

/** How a service of the scenario is found or started. */
export type ServicePlan = {
  name: string;
  url: string | undefined;
  metrics: string | undefined;
} & (
  | { how: 'none' }
  | { how: 'listening'; addresses: string[] }
  | { how: 'pid'; pid: number }
  | { how: 'pidfile'; file: string }
  /** A pattern for command lines, and how many processes it must fit. */
  | { how: 'command'; command: string; count: number }
  | {
      how: 'run';
      command: string;
      replicas: number;
      restart: 'always' | 'never';
      env: Record<string, string>;
      cwd: string | undefined;
      addresses: string[];
    }
  | { how: 'container'; container: ContainerSelector }
);

/** How the containers of a service are found: by name or id (one), by label or Compose service (its replicas). */
export type ContainerSelector =
  { name: string } | { label: string } | { compose: string; project?: string | undefined };

/** A container found for a service. Its id can't come to another one. */
export interface ContainerRef {
  id: string;
  name: string;
  service: string;
  /** Position among the service's containers by name, from 0. */
  replica: number;
}

/** A process found for a service, with an identity that a reused pid can't have. */
export interface ProcessRef extends ProcessIdentity {
  service: string;
  /** Position among the service's processes, from 0. */
  replica: number;
  /** `host:port` by which it was found, if it was. */
  address: string | undefined;
  command: string;
}

/** Either a code or a signal; both null where not even its parent was told. */
export interface ProcessExit {
  exitCode: number | null;
  signal: string | null;
}

/** What an attribute of a toxic may be. A real Toxiproxy knows numbers only. */
export type ToxicAttribute = number | string | Record<string, string>;

/** One link on one Toxiproxy server; every call goes through toxiproxy-node-client. */
export interface LinkTarget {
  readonly plan: LinkPlan;
  /** The server's API, `http://127.0.0.1:8474`. */
  readonly api: string;
  /** The proxy's name on that server. */
  readonly proxy: string;
  /** Is it Plimsoll's own proxy, which measures traffic itself and has more toxics? The embedded one, or `plimsoll proxy`. */
  readonly isPlimsollProxy: boolean;
  addToxic(toxic: {
    name: string;
    type: string;
    stream: 'upstream' | 'downstream';
    toxicity: number;
    attributes: Record<string, ToxicAttribute>;
  }): Promise<void>;
  removeToxic(name: string): Promise<'removed' | 'absent'>;
  toxics(): Promise<
    { name: string; type: string; stream: string; toxicity: number; attributes: Record<string, ToxicAttribute> }[]
  >;
  setEnabled(enabled: boolean): Promise<void>;
  enabled(): Promise<boolean>;
  /** Round trip of the link's canary, milliseconds, or how it failed. `unsupported`: the protocol has no canary here. */
  canary(timeLimitMs: number): Promise<CanaryResult>;
  /** Bytes that crossed so far, or undefined where the server can't tell. Live on Plimsoll's own proxy. */
  traffic(): Promise<LinkTraffic | undefined>;
}

export type CanaryResult =
  | { outcome: 'answered'; roundTripMs: number; bytes: number }
  | { outcome: 'refused' | 'reset' | 'closed' | 'timeout' | 'bad_answer'; afterMs: number; detail: string }
  | { outcome: 'unsupported'; detail: string };

export interface LinkTraffic {
  upstreamBytes: number;
  downstreamBytes: number;
  connectionsOpen: number;
  connectionsTotal: number;
  /** By toxic name: what the server saw it do on real traffic. */
  toxics: Record<string, ToxicTraffic>;
}

export interface ToxicTraffic {
  chunks: number;
  meanDelayMs: number | null;
  droppedBytes: number;
  closedConnections: number;
  /** Of toxics that choose what they hit: HTTP requests, connections or chunks that were hit. */
  hits?: number | undefined;
  /** Of HTTP toxics: requests that they looked at. */
  requests?: number | undefined;
}

/** What faults may reach: handed to `prepare`. Every look-up throws `PlimsollError` `no_target` with what exists instead. */
export interface Targets {
  readonly runId: string;
  link(name: string): LinkTarget;
  service(name: string): ServicePlan;
  /** The live processes of a service, resolved now; throws `no_target` if there are none. */
  processes(service: string): Promise<ProcessRef[]>;
  /** The running containers of a service, resolved now; throws `no_target` if there are none. */
  containers(service: string): Promise<ContainerRef[]>;
  /** How a process ended, once it has; undefined where Plimsoll has not started it and so can't know. */
  exitOf(process: ProcessRef): Promise<ProcessExit> | undefined;
  /** Restart a service that Plimsoll itself runs (`how: run`); resolves when the replica is ready. */
  restart(service: string, replica: number, signal: AbortSignal): Promise<ProcessRef>;
  /** Wait until every address accepts a connection; false when the time is over. */
  waitForAddresses(addresses: string[], timeLimitMs: number): Promise<boolean>;
}

/** How an undo record was carried out. */
export interface UndoOutcome {
  record: string;
  alreadyDone: boolean;
  /** What a look afterwards showed, where one was asked for and could tell: that it is gone. */
  finding?: string;
}
