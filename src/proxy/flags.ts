export interface Flags {
  host: string;
  port: number;
  config: string | undefined;
  seed: number | undefined;
  proxyMetrics: boolean;
  runtimeMetrics: boolean;
  version: boolean;
  help: boolean;
}

/** A command line that can't be understood: what to print before ending with status 2. */
export class FlagError extends Error {}

export const USAGE = `Usage of the proxy server:
  -host string        host for the API to listen on (default "localhost")
  -port string        port for the API to listen on (default "8474")
  -config string      JSON file containing proxies to create on startup
  -seed int           seed for randomising toxics with
  -proxy-metrics      enable byte counters per proxy on /metrics
  -runtime-metrics    enable process metrics on /metrics
  -version            print the version
`;

const WITH_VALUE = new Set(['host', 'port', 'config', 'seed']);
const SWITCHES = new Set(['proxy-metrics', 'runtime-metrics', 'version', 'help', 'h']);
const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/**
 * Flags as Go's `flag` package reads them: one dash or two, `-port 1` or `-port=1`, switches alone or `=true`; the first
 * argument that is no flag, or `--`, ends them.
 * @throws FlagError
 */
export function parseFlags(argv: readonly string[]): Flags {
  const values = new Map<string, string>();
  const switches = new Set<string>();
  let index = 0;
  while (index < argv.length) {
    const argument = argv[index] ?? '';
    index += 1;
    if (!argument.startsWith('-') || argument === '-' || argument === '--') break;
    const [, name = '', given] = /^--?([^=]*)(?:=(.*))?$/s.exec(argument) ?? [];
    if (WITH_VALUE.has(name)) {
      const value = given ?? argv[index];
      if (value === undefined) throw new FlagError(`flag needs an argument: -${name}`);
      if (given === undefined) index += 1;
      values.set(name, value);
    } else if (SWITCHES.has(name)) {
      if (given === undefined || TRUE.has(given)) switches.add(name);
      else if (FALSE.has(given)) switches.delete(name);
      else throw new FlagError(`invalid boolean value "${given}" for -${name}`);
    } else {
      throw new FlagError(`flag provided but not defined: -${name}`);
    }
  }
  return {
    host: values.get('host') ?? 'localhost',
    port: wholeNumber('port', values.get('port') ?? '8474', 0, 65_535),
    config: values.get('config') || undefined,
    seed: values.has('seed') ? seedNumber(values.get('seed') ?? '') : undefined,
    proxyMetrics: switches.has('proxy-metrics'),
    runtimeMetrics: switches.has('runtime-metrics'),
    version: switches.has('version'),
    help: switches.has('help') || switches.has('h'),
  };
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new FlagError(`invalid value "${text}" for flag -${name}: expected a whole number from ${least} to ${most}`);
}

/** Any int64, as in the original; its low 32 bits are the seed. */
function seedNumber(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new FlagError(`invalid value "${text}" for flag -seed: expected a whole number`);
  return Number(BigInt.asUintN(32, BigInt(text.replace(/^\+/, ''))));
}
