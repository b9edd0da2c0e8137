import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { formatAddress } from './address.js';
import { answer } from './api.js';
import { parseBody } from './decode.js';
import { createLog, type LogLevel } from './log.js';
import { Metrics } from './metrics.js';
import { Proxies } from './proxies.js';

export type { ConnectionList, ConnectionStatus } from './connections.js';
export { LOG_LEVELS, type LogLevel } from './log.js';
export type { ProxyTraffic, ToxicTraffic } from './traffic.js';

export interface ProxyServerOptions {
  /** Where the API listens. Default: `localhost`, which is 127.0.0.1 here. */
  host?: string;
  /** Default: 8474. 0 takes a free port. */
  port?: number;
  /** Seed of toxicity, jitter and slicing. Default: chosen at random. */
  seed?: number;
  /** A JSON file with a list of proxies, as for `POST /populate`. A bad one is logged, not fatal. */
  configFile?: string;
  /** Byte counters on `/metrics`. */
  proxyMetrics?: boolean;
  /** Node.js process metrics on `/metrics`; needs the package `prom-client`. */
  runtimeMetrics?: boolean;
  /** Default: `disabled`. */
  logLevel?: LogLevel;
  /** Takes log lines, each with its newline. Default: standard output. */
  writeLog?: (line: string) => void;
  /** What `GET /version` answers. */
  version?: string;
}

export interface ProxyServer {
  /** Of the API: `http://127.0.0.1:8474`. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Stop all proxies, then the API. */
  close(): Promise<void>;
}

/**
 * Start a server that speaks Toxiproxy's HTTP API and does what its toxics do.
 * @throws the listen error when the API's address is taken
 */
export async function startProxyServer(options: ProxyServerOptions = {}): Promise<ProxyServer> {
  const version = options.version ?? 'plimsoll';
  const log = createLog(options.logLevel ?? 'disabled', options.writeLog ?? ((line) => process.stdout.write(line)));
  const metrics = new Metrics({ proxies: options.proxyMetrics ?? false, runtime: options.runtimeMetrics ?? false });
  const proxies = new Proxies({
    seed: options.seed ?? Math.floor(Math.random() * 2 ** 32),
    log,
    onTransferred(proxy, stream, bytes) {
      metrics.count({ direction: stream, listener: proxy.listen, proxy: proxy.name, upstream: proxy.upstream }, bytes);
    },
  });
  if (options.configFile !== undefined) await applyConfig(proxies, options.configFile, log);

  // Slow requests are looked for so often, not when their time is over: they end after 15 to 20 s.
  const limits = { requestTimeout: 15_000, connectionsCheckingInterval: 5000, keepAliveTimeout: 60_000 };
  const server = createServer(limits, (request, response) => {
    void answer({ proxies, metrics, version, log }, request, response);
  });
  const host = options.host ?? 'localhost';
  try {
    await listen(server, host === 'localhost' ? '127.0.0.1' : host, options.port ?? 8474);
  } catch (error) {
    await proxies.stopAll();
    throw error;
  }
  const bound = server.address() as AddressInfo;
  log.info('Starting Toxiproxy HTTP server', {
    version,
    address: formatAddress({ host: bound.address, port: bound.port }),
  });
  return {
    url: `http://${formatAddress({ host: bound.address, port: bound.port })}`,
    host: bound.address,
    port: bound.port,
    async close() {
      await proxies.stopAll();
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeAllConnections();
      await closed;
    },
  };
}

async function applyConfig(proxies: Proxies, file: string, log: ReturnType<typeof createLog>): Promise<void> {
  try {
    const { proxies: done, failure } = await proxies.populate(parseBody(await readFile(file, 'utf8')));
    if (failure) log.error('Error populating proxies from file', { config: file, error: failure });
    else log.info('Populated proxies from file', { config: file, proxies: done.length });
  } catch (error) {
    log.error('Error populating proxies from file', { config: file, error });
  }
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: host === '' ? '::' : host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
