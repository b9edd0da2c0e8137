import type { Registry } from 'prom-client';
import type { Stream } from './toxics/toxic.js';

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores';

interface Labels {
  direction: Stream;
  listener: string;
  proxy: string;
  upstream: string;
}

/** `/metrics` of the server. Bytes are counted when a connection ends, and outlive the proxy, as in the original. */
export class Metrics {
  readonly #received = new Map<string, number>();
  readonly #sent = new Map<string, number>();
  #runtime: Promise<Registry> | undefined;

  constructor(private readonly options: { proxies: boolean; runtime: boolean }) {}

  get enabled(): boolean {
    return this.options.proxies || this.options.runtime;
  }

  count(labels: Labels, bytes: { received: number; sent: number }): void {
    if (!this.options.proxies) return;
    const key = `{${Object.entries(labels)
      .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
      .join(',')}}`;
    this.#received.set(key, (this.#received.get(key) ?? 0) + bytes.received);
    this.#sent.set(key, (this.#sent.get(key) ?? 0) + bytes.sent);
  }

  async text(): Promise<string> {
    const proxies =
      counter('toxiproxy_proxy_received_bytes_total', this.#received) +
      counter('toxiproxy_proxy_sent_bytes_total', this.#sent);
    if (!this.options.runtime) return proxies;
    this.#runtime ??= runtimeRegistry();
    return `${await (await this.#runtime).metrics()}${proxies}`;
  }
}

/** Loaded when asked for: without `-runtime-metrics` the server needs no package at all. */
async function runtimeRegistry(): Promise<Registry> {
  const { Registry, collectDefaultMetrics } = await import('prom-client');
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

function counter(name: string, values: ReadonlyMap<string, number>): string {
  if (values.size === 0) return '';
  const lines = [...values]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([labels, value]) => `${name}${labels} ${go(value)}\n`);
  const help = name.includes('received')
    ? 'The total number of bytes received on a given proxy link in a given direction'
    : 'The total number of bytes sent on a given proxy link in a given direction';
  return `# HELP ${name} ${help}\n# TYPE ${name} counter\n${lines.join('')}`;
}

/** A number as Go prints it: from 1e6 on with an exponent of at least two digits. */
function go(value: number): string {
  if (value < 1e6) return String(value);
  return value.toExponential().replace(/e\+(\d)$/, 'e+0$1');
}

function escapeLabel(value: string): string {
  return value
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`);
}
