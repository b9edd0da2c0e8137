import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { faultByType, faults } from '../../src/faults/registry.js';

it('docs/writing-a-fault.md shows the code as it is', () => {
  const page = readFileSync('docs/writing-a-fault.md', 'utf8');
  const shown = [...page.matchAll(/<!-- file: (\S+) -->\n+```ts\n([\s\S]*?)```/g)];
  expect(shown).toHaveLength(1);
  for (const [, file = '', code] of shown) expect(code).toBe(readFileSync(file, 'utf8'));
});

describe('the folder of faults', () => {
  it('is the registry: each file one fault, named as its type', () => {
    const files = readdirSync('src/faults')
      .filter((name) => name.endsWith('.ts') && !['fault.ts', 'registry.ts'].includes(name))
      .map((name) => name.slice(0, -3));
    expect(faults.map(({ type }) => type).sort()).toEqual(files.sort());
  });

  it('knows its types and names them when it does not', () => {
    expect(faultByType('down').title).toBe('Refused connections');
    expect(() => faultByType('Latency')).toThrow(
      expect.objectContaining({ code: 'unknown_fault', hint: expect.stringContaining('latency') }),
    );
  });

  for (const fault of faults) {
    it(`${fault.type}: has an example that fits its settings, a runnable scenario, and describes every setting`, () => {
      const [entry] = parse(fault.example) as Record<string, unknown>[];
      const { type, at: _at, for: _for, ...settings } = entry ?? {};
      expect(type).toBe(fault.type);
      const parsed = fault.settings.parse(settings);
      const { links, services } = fault.refersTo(parsed);
      if (['link', 'process', 'container'].includes(fault.family))
        expect(links.length + services.length).toBeGreaterThan(0);

      expect(existsSync(`scenarios/${fault.type}.yaml`), `scenarios/${fault.type}.yaml`).toBe(true);
      expect(readFileSync(`scenarios/${fault.type}.yaml`, 'utf8')).toMatch(new RegExp(`type: ${fault.type}(,|\\n)`));

      const schema = z.toJSONSchema(fault.settings, { io: 'input', target: 'draft-7' });
      for (const [name, property] of Object.entries(schema.properties ?? {})) {
        expect(typeof property === 'object' && property.description, `${fault.type}.${name}`).toBeTruthy();
      }
      expect(fault.description.length).toBeGreaterThan(80);
      expect(() => fault.settings.parse({ ...settings, unheardOf: 1 })).toThrow(/unheardOf/);
    });
  }

  it.each([
    ['latency', { link: 'a', latency: '0ms' }],
    ['latency', { link: 'a', latency: 150 }],
    ['latency', { link: 'a', latency: '150ms', share: '0%' }],
    ['latency', { link: 'a', latency: '150ms', share: '101%' }],
    ['latency', { latency: '150ms' }],
    ['bandwidth', { link: 'a', rate: '999B/s' }],
    ['bandwidth', { link: 'a', rate: '64KB' }],
    ['reset-peer', { link: 'a', timeout: '6s' }],
    ['slicer', { link: 'a', averageSize: '0B' }],
    ['limit-data', { link: 'a', bytes: '0B' }],
    ['partition', { links: [] }],
    ['http-status', { link: 'a', status: 100 }],
    ['http-status', { link: 'a', requestShare: '0%' }],
    ['http-status', { link: 'a', headers: { a: 1 } }],
    ['http-delay', { link: 'a', delay: '0ms' }],
    ['http-abort', { link: 'a', ending: 'explode' }],
    ['http-abort', { link: 'a', method: 'get' }],
    ['http-abort', { link: 'a', path: 'items' }],
    ['http-abort', { link: 'a', first: 0 }],
    ['fail-first', { link: 'a' }],
    ['fail-first', { link: 'a', connections: 0 }],
    ['packet-loss', { link: 'a', loss: '0%' }],
    ['process-kill', { service: 'a', signal: 'SIGSTOP' }],
    ['process-kill', { service: 'a', count: 0 }],
    ['cpu-stress', { share: '4%' }],
    ['cpu-stress', { share: '101%' }],
    ['cpu-stress', { share: '50%', cores: 0 }],
    ['cpu-stress', { cores: 1 }],
    ['command', { inject: 'true' }],
    ['command', { inject: "sh -c 'true", undo: 'true' }],
    ['command', { inject: ' ', undo: 'true' }],
    ['command', { inject: { run: 'true', timeLimit: 10 }, undo: 'true' }],
    ['command', { inject: { run: 'true', shell: true }, undo: 'true' }],
    ['command', { inject: 'true', undo: 'true', environment: { 'A B': 'x' } }],
    ['command', { inject: 'true', undo: 'true', environment: { A: 1 } }],
  ])('%s refuses %j', (type, settings) => {
    expect(faultByType(type).settings.safeParse(settings).success).toBe(false);
  });
});
