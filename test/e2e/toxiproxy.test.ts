import { expect, it } from 'vitest';
import { describeWith, programOf } from '../support/needs.js';
import { Bench, until } from './harness.js';

describeWith(['toxiproxy'], 'a run on a real Toxiproxy', () => {
  it('passes, leaves the proxies of others alone, and takes its own away', { timeout: 120_000, retry: 2 }, async () => {
    await using bench = await Bench.open();
    const { proxy, back } = bench.ports;
    bench.spawn(programOf('toxiproxy') ?? '', ['-port', String(proxy)]);
    const services = bench.spawn('node', bench.start().split(' ').slice(1));
    const api = `http://127.0.0.1:${proxy}`;
    expect(
      await until(
        async () =>
          fetch(`${api}/version`).then(
            () => true,
            () => false,
          ),
        10_000,
      ),
    ).toBeDefined();
    const decoy = { name: 'somebody-elses', listen: '127.0.0.1:0', upstream: `127.0.0.1:${back}`, enabled: false };
    await fetch(`${api}/proxies`, { method: 'POST', body: JSON.stringify(decoy) });
    const before: unknown = await (await fetch(`${api}/proxies`)).json();

    const file = bench.scenario({
      system: `toxiproxy: ${api}`,
      faults: '- { type: latency, link: front-back, latency: 60ms }',
    });
    const run = bench.plimsoll('run', file);
    expect(await run.ended, run.stdout + run.stderr).toBe(0);
    expect(run.result.faults[0]).toMatchObject({ proof: { status: 'confirmed' }, undoProof: { status: 'confirmed' } });
    expect(await (await fetch(`${api}/proxies`)).json()).toEqual(before);
    expect(services.child.exitCode).toBeNull();
  });
});
