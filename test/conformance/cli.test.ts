import { execFile } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith, programOf } from '../support/needs.js';
import { startEmbedded, startToxiproxy, type Running } from './servers.js';

/** One session of Toxiproxy's own command line, a client in another language. */
const SESSION = [
  'list',
  'create --listen 127.0.0.1:0 --upstream 127.0.0.1:1 shop',
  'create -l localhost:0 -u example.invalid:80 bank',
  'list',
  'inspect shop',
  'toxic add --type latency --attribute latency=100 --attribute jitter=20 shop',
  'toxic add -t bandwidth -a rate=500 --upstream -n narrow --toxicity 0.25 shop',
  'toxic add -t slicer -a average_size=64 -a size_variation=16 -a delay=10 --downstream shop',
  'inspect shop',
  'list',
  'toxic update -n latency_downstream -a latency=250 shop',
  'toxic update -n narrow --toxicity 0.5 -a rate=900 shop',
  'inspect shop',
  'toxic remove -n narrow shop',
  'toxic delete -n slicer_downstream shop',
  'inspect shop',
  'toggle shop',
  'list',
  'toggle shop',
  'list',
  // What goes wrong, in the server's words.
  'create -l 127.0.0.1:0 -u 127.0.0.1:1 shop',
  'create -l 127.0.0.1:65536 -u 127.0.0.1:1 other',
  'create -l nonsense -u 127.0.0.1:1 other',
  'create -l 127.0.0.1:0 other',
  'toxic add -t latency -a latency=1 shop',
  'toxic add -t nothing shop',
  'toxic add -t latency -a latency=1 unknown',
  'toxic update -n unknown -a latency=1 shop',
  'toxic remove -n unknown shop',
  'inspect unknown',
  'toggle unknown',
  'delete unknown',
  'delete bank',
  'delete shop',
  'list',
];

describeWith(['toxiproxy', 'toxiproxy-cli'], "Toxiproxy's own command line", () => {
  let servers: Running[] = [];
  beforeAll(async () => {
    servers = await Promise.all([startEmbedded(), startToxiproxy()]);
  });
  afterAll(async () => {
    for (const server of servers) await server.stop();
  });

  it('reads the same from both servers', async () => {
    const [embedded = [], real = []] = await Promise.all(
      servers.map(async ({ url }) => {
        const printed: string[] = [];
        for (const command of SESSION) printed.push(`$ ${command}\n${await run(url, command)}`);
        return printed;
      }),
    );
    expect(embedded).toEqual(real);
    const all = embedded.join('');
    expect(all).toContain('Created new proxy shop\n[exit 0]');
    expect(all).toContain('latency_downstream\ttype=latency\tstream=downstream\ttoxicity=1.00\t');
    expect(all).toContain('narrow\ttype=bandwidth\tstream=upstream\ttoxicity=0.50\tattributes=[\trate=900\t]');
    expect(all).toContain('shop\t127.0.0.1:PORT\t127.0.0.1:1\tdisabled\t1\n');
    expect(all).toContain('HTTP 409: proxy already exists');
  });
});

/** What it printed and its exit code, with the port of the listener hidden. */
async function run(url: string, command: string): Promise<string> {
  const program = programOf('toxiproxy-cli') ?? 'toxiproxy-cli';
  return new Promise((resolve) => {
    const child = execFile(program, ['--host', url, ...command.split(' ')], (_error, stdout, stderr) => {
      const text = `${stdout}${stderr}[exit ${child.exitCode}]\n`;
      resolve(text.replace(/127\.0\.0\.1:(?!65536)\d{4,5}/g, '127.0.0.1:PORT'));
    });
  });
}
