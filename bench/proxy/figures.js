/** Quantiles, processor time, tables, and the ratio ours/Toxiproxy with its goal beside it. */
import { readFileSync } from 'node:fs';

/** In /proc/<pid>/stat times are in hundredths of a second. */
const TICKS_A_SECOND = 100;

export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
}

export function median(values) {
  return quantile(values, 0.5);
}

/** User and system time of a process so far; 0 where there is none to look at. */
export function cpuSeconds(pid) {
  if (pid === undefined) return 0;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

/** @param {string[]} head @param {string[][]} rows */
export function table(title, head, rows) {
  console.log(`\n${title}`);
  for (const row of [head, ...rows]) {
    console.log(`  ${row.map((cell, i) => (i === 0 ? cell.padEnd(12) : cell.padStart(10))).join('')}`);
  }
}

/** Print ours/Toxiproxy of one figure. @param {{ atMost?: number, atLeast?: number }} bound */
export function goal(ways, what, figureOf, { atMost, atLeast }) {
  const [real, ours] = ['Toxiproxy', 'ours'].map((name) => ways.findIndex((way) => way.name === name));
  if (real === -1 || ours === -1) return;
  const ratio = figureOf(ours) / figureOf(real);
  let words = '';
  if (atMost !== undefined) words = `goal <= ${atMost}: ${ratio <= atMost ? 'reached' : 'NOT REACHED'}`;
  if (atLeast !== undefined) words = `goal >= ${atLeast}: ${ratio >= atLeast ? 'reached' : 'NOT REACHED'}`;
  console.log(`  => ${what}: ours/Toxiproxy ${ratio.toFixed(2)}  ${words}`);
}
