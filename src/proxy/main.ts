import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { FlagError, parseFlags, USAGE, type Flags } from './flags.js';
import { LOG_LEVELS, startProxyServer, type LogLevel, type ProxyServer } from './index.js';

/** What surrounds the server: a process of its own, or a command of a bigger program. */
export interface ProxyHost {
  out(text: string): void;
  err(text: string): void;
  setExitCode(code: number): void;
  env: Readonly<Record<string, string | undefined>>;
  /** Call the listener instead of ending on SIGINT and SIGTERM; the result stops that. */
  onSignal(listener: () => void): () => void;
}

export type Announcement = { type: 'listening'; url: string } | { type: 'failed'; message: string };

/**
 * Run the server until a signal comes, then stop with exit code 0.
 * @param argv Toxiproxy's flags
 * @param announce told once whether the server listens
 */
export async function runProxy(
  host: ProxyHost,
  argv: readonly string[] = ownArguments(process.argv),
  announce: (announcement: Announcement) => void = () => undefined,
): Promise<void> {
  let flags: Flags;
  try {
    flags = parseFlags(argv);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    host.err(`${error.message}\n${USAGE}`);
    host.setExitCode(2);
    announce({ type: 'failed', message: error.message });
    return;
  }
  if (flags.help || flags.version) {
    host.out(flags.help ? USAGE : `toxiproxy-server version ${packageVersion()}\n`);
    return;
  }

  // Before the server starts: a signal must never find it half started and without a listener.
  let signalled = (): void => undefined;
  const ending = new Promise<void>((resolve) => {
    signalled = resolve;
  });
  const stopListening = host.onSignal(() => signalled());
  try {
    const server = await start(flags, host, announce);
    if (!server) return;
    await ending;
    await server.close();
  } finally {
    stopListening();
  }
}

async function start(
  flags: Flags,
  host: ProxyHost,
  announce: (announcement: Announcement) => void,
): Promise<ProxyServer | undefined> {
  try {
    const server = await startProxyServer({
      host: flags.host,
      port: flags.port,
      ...(flags.seed !== undefined && { seed: flags.seed }),
      ...(flags.config !== undefined && { configFile: flags.config }),
      proxyMetrics: flags.proxyMetrics,
      runtimeMetrics: flags.runtimeMetrics,
      logLevel: logLevel(host.env['LOG_LEVEL']),
      writeLog: (line) => host.out(line),
      version: packageVersion(),
    });
    announce({ type: 'listening', url: server.url });
    return server;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    host.err(`the API cannot listen on ${flags.host}:${flags.port}: ${message}\n`);
    host.setExitCode(1);
    announce({ type: 'failed', message });
    return undefined;
  }
}

function logLevel(text: string | undefined): LogLevel {
  const wanted = (text ?? '').toLowerCase();
  return LOG_LEVELS.find((level) => level === wanted) ?? 'info';
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}

/** Without the program, and without the command's name where this is a command of a bigger program. */
function ownArguments(argv: readonly string[]): string[] {
  const [first, ...rest] = argv.slice(2);
  return first === undefined || first === 'proxy' ? rest : [first, ...rest];
}

/**
 * Whoever started this process may die: the faults must be undone through this server first, so neither a lost parent,
 * a closed IPC channel nor a broken output pipe ends it. Only a signal does.
 */
function thisProcess(): ProxyHost {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  return {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    setExitCode: (code) => {
      process.exitCode = code;
    },
    env: process.env,
    onSignal(listener) {
      process.on('SIGINT', listener).on('SIGTERM', listener);
      return () => process.off('SIGINT', listener).off('SIGTERM', listener);
    },
  };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.on('SIGHUP', () => undefined);
  await runProxy(thisProcess(), undefined, (announcement) => {
    // The parent may be gone already; then there is nobody to tell.
    process.send?.(announcement, undefined, undefined, () => undefined);
  });
  if (process.connected) process.disconnect();
}
