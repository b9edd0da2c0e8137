// How long Plimsoll takes to start, as a ratio to an empty Node.js process, measured in turn in one run.
// Usage: node bench/startup.js [rounds]   (build first)
// Goals: `plimsoll --help` ≤ 3 × `node -e 0`; `plimsoll validate` of ten files ≤ 6 ×.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const rounds = Number(process.argv[2] ?? 15);
const scenarios = readdirSync('scenarios')
  .filter((name) => name.endsWith('.yaml'))
  .sort()
  .slice(0, 10)
  .map((name) => join('scenarios', name));

const contestants = {
  'node -e 0': ['-e', '0'],
  'plimsoll --help': ['dist/cli.js', '--help'],
  [`plimsoll validate (${scenarios.length} files)`]: ['dist/cli.js', 'validate', ...scenarios],
};

const times = new Map(Object.keys(contestants).map((name) => [name, []]));
for (let round = 0; round <= rounds; round++) {
  for (const [name, argv] of Object.entries(contestants)) {
    const began = process.hrtime.bigint();
    const { status, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
    const ms = Number(process.hrtime.bigint() - began) / 1e6;
    if (status !== 0) throw new Error(`${name} exited with ${status}: ${stderr}`);
    // The first round fills the file cache and does not count.
    if (round > 0) times.get(name).push(ms);
  }
}

const base = times.get('node -e 0');
for (const [name, all] of times) {
  const ratios = all.map((ms, round) => ms / base[round]);
  console.log(
    `${name.padEnd(32)} median ${median(all).toFixed(0).padStart(4)} ms   ratio to node -e 0: ${median(ratios).toFixed(2)}`,
  );
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
