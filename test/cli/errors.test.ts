import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Bench } from '../e2e/harness.js';

const LATENCY = '- { type: latency, link: front-back, latency: 60ms }';

describe('what goes wrong before anything is injected', () => {
  it('a typing error: its place, the hint, exit 2', async () => {
    await using bench = await Bench.open();
    const run = bench.plimsoll(
      'run',
      bench.scenario({ faults: '- { type: latency, link: front-bakc, latency: 60ms }' }),
    );
    expect(await run.ended).toBe(2);
    expect(run.stderr).toMatch(/error\[unknown_link\].*"front-bakc"/);
    expect(run.stderr).toMatch(/bench\.yaml:\d+:\d+/);
    expect(run.stderr).toContain('Did you mean "front-back"?');
  });

  it('a file that is not there', async () => {
    await using bench = await Bench.open();
    const run = bench.plimsoll('run', 'nowhere.yaml');
    expect(await run.ended).toBe(2);
    expect(run.stderr).toMatch(/error\[no_such_file\] there is no file or folder nowhere\.yaml/);
  });

  it('a port in use: names the port and the process', async () => {
    await using bench = await Bench.open();
    const server = createServer().listen(bench.ports.link, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const run = bench.plimsoll('run', bench.scenario({ faults: LATENCY }));
    expect(await run.ended).toBe(2);
    expect(run.stderr).toContain(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    expect(run.stderr).toContain(`pid ${process.pid}`);
    await new Promise((resolve) => server.close(resolve));
  });

  it('a system that never gets ready: says so, leaves nothing running', async () => {
    await using bench = await Bench.open();
    const run = bench.plimsoll(
      'run',
      bench.scenario({ system: `start: ${bench.start('--never-ready')}`, faults: LATENCY }),
    );
    expect(await run.ended).toBe(3);
    expect(run.stdout).toMatch(/not ready within 5 s/);
    await expect(fetch(`http://127.0.0.1:${bench.ports.front}/readyz`)).rejects.toThrow();
  });

  it('a system that cannot be started', async () => {
    await using bench = await Bench.open();
    const run = bench.plimsoll('run', bench.scenario({ system: 'start: no-such-program --at-all', faults: LATENCY }));
    expect(await run.ended).toBe(3);
    expect(run.stdout).toMatch(/cannot be started/);
  });

  it('a system that ends at once: shows what it said', async () => {
    await using bench = await Bench.open();
    writeFileSync(join(bench.folder, 'dies.js'), `console.error('no database configured'); process.exit(7);`);
    const run = bench.plimsoll('run', bench.scenario({ system: 'start: node dies.js', faults: LATENCY }));
    expect(await run.ended).toBe(3);
    expect(run.stdout).toMatch(/exit code 7/);
    expect(run.stdout).toMatch(/no database configured/);
  });

  it.each([
    [['frobnicate'], /unknown command/],
    [['run'], /missing required argument/],
    [['run', 'x.yaml', '--reporter', 'pdf'], /there is no reporter "pdf"/],
    [['run', 'x.yaml', '--metrics-port', 'abc'], /./],
    [['schema', 'nothing'], /there is no schema/],
    [['report', 'nowhere'], /no run/],
  ])('a wrong call: %j', async (argv, sentence) => {
    await using bench = await Bench.open();
    const run = bench.plimsoll(...argv);
    expect(await run.ended).toBe(2);
    expect(run.stderr).toMatch(sentence);
  });
});

describe('the quiet commands', () => {
  it('print the help, the version and the schemas', async () => {
    await using bench = await Bench.open();
    for (const [argv, sentence] of [
      [['--help'], /run.*scenarios/s],
      [['--version'], /^\d+\.\d+\.\d+\n$/],
      [['schema'], /"Plimsoll scenario"/],
      [['schema', 'result'], /"Plimsoll run result"/],
      [['doctor'], /yes {2}latency/],
      [['recover', '--list'], /./],
    ] as const) {
      const run = bench.plimsoll(...argv);
      expect(await run.ended, argv.join(' ') + run.stderr).toBe(0);
      expect(run.stdout).toMatch(sentence);
    }
  });

  it('plan says what would be done, and touches nothing', async () => {
    await using bench = await Bench.open();
    const run = bench.plimsoll('plan', bench.scenario({ faults: LATENCY }));
    expect(await run.ended).toBe(0);
    expect(run.stdout).toMatch(/60 ms late/);
    expect(run.stdout).toMatch(/Nothing was injected/);
    for (const line of run.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('validate --json prints one document', async () => {
    await using bench = await Bench.open();
    const file = bench.scenario({ faults: '- { type: latency, lnk: front-back }' });
    const run = bench.plimsoll('validate', file, '--json');
    expect(await run.ended).toBe(2);
    const document = JSON.parse(run.stdout) as { valid: boolean; files: { problems: { line: number }[] }[] };
    expect(document.valid).toBe(false);
    expect(document.files[0]?.problems[0]?.line).toBeGreaterThan(0);
  });

  it('validate annotates the line on GitHub, with everything escaped', async () => {
    await using bench = await Bench.open();
    const file = bench.scenario({ faults: '- { type: latency, link: front-back, latency: "1%,:" }' });
    const run = bench.spawn(
      'env',
      ['GITHUB_ACTIONS=true', process.execPath, 'dist/cli.js', 'validate', file],
      process.cwd(),
    );
    expect(await run.ended).toBe(2);
    expect(run.stdout).toMatch(/^::error file=[^:]*bench\.yaml,line=\d+,col=\d+,title=invalid::.*"1%25,:"/m);
  });
});
