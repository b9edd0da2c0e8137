import { describe, expect, it } from 'vitest';
import { FlagError, parseFlags } from '../../src/proxy/flags.js';

describe('flags of the proxy server', () => {
  it('has the defaults of toxiproxy-server', () => {
    expect(parseFlags([])).toEqual({
      host: 'localhost',
      port: 8474,
      config: undefined,
      seed: undefined,
      proxyMetrics: false,
      runtimeMetrics: false,
      version: false,
      help: false,
    });
  });

  it('reads one dash or two, a value behind a blank or an equals sign', () => {
    expect(parseFlags(['-host', '0.0.0.0', '--port=1', '-config=a=b.json', '--seed', '-7'])).toMatchObject({
      host: '0.0.0.0',
      port: 1,
      config: 'a=b.json',
      seed: 2 ** 32 - 7,
    });
  });

  it('reads switches alone or with a truth value, and does not take the next argument for it', () => {
    expect(parseFlags(['-proxy-metrics', '-runtime-metrics=T', '-version=0', '-port', '5'])).toMatchObject({
      proxyMetrics: true,
      runtimeMetrics: true,
      version: false,
      port: 5,
    });
  });

  it('ends at the first argument that is no flag', () => {
    expect(parseFlags(['-port', '5', 'x', '-port', '6']).port).toBe(5);
    expect(parseFlags(['--', '-port', '6']).port).toBe(8474);
  });

  it.each([
    [['-prot', '1'], 'flag provided but not defined: -prot'],
    [['-port'], 'flag needs an argument: -port'],
    [['-port', 'x'], 'invalid value "x" for flag -port'],
    [['-port', '65536'], 'invalid value "65536"'],
    [['-seed', '1.5'], 'invalid value "1.5" for flag -seed'],
    [['-version=maybe'], 'invalid boolean value "maybe" for -version'],
  ])('refuses %j', (argv, message) => {
    expect(() => parseFlags(argv)).toThrow(FlagError);
    expect(() => parseFlags(argv)).toThrow(message);
  });
});
