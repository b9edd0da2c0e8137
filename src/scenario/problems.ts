import type { Location } from '../support/errors.js';

/** A path into a document: keys and positions, `['slos', 0, 'name']`. */
export type Path = readonly (string | number)[];

/** One thing that is wrong with a scenario. */
export interface Problem {
  /** Stable, for machines: `unknown_key`, `not_a_duration`. */
  code: string;
  message: string;
  hint?: string;
  path: Path;
  location: Location;
}

/** Takes problems; `path` is where the key or value stands. */
export interface ProblemSink {
  add(path: Path, problem: { code: string; message: string; hint?: string; part?: 'key' | 'value' }): void;
}

/** Collects the problems of one document. */
export class Problems implements ProblemSink {
  readonly all: Problem[] = [];

  constructor(private readonly locate: (path: Path, part?: 'key' | 'value') => Location) {}

  add(path: Path, problem: { code: string; message: string; hint?: string; part?: 'key' | 'value' }): void {
    const { part, ...rest } = problem;
    this.all.push({ ...rest, path, location: this.locate(path, part) });
  }
}

/** All problems as people read them, in the order of their places. */
export function formatProblems(problems: readonly Problem[], options: { colour: boolean }): string {
  const red = (text: string) => (options.colour ? `\u001b[31m${text}\u001b[39m` : text);
  return [...problems]
    .sort((a, b) => a.location.file.localeCompare(b.location.file) || (a.location.line ?? 0) - (b.location.line ?? 0))
    .map(({ code, message, hint, location }) => {
      const place = [location.file, location.line, location.column].filter((part) => part !== undefined).join(':');
      const lines = [`${red(`error[${code}]`)} ${message}`, `  at ${place}`];
      if (location.frame) lines.push(location.frame);
      if (hint) lines.push(`  hint: ${hint}`);
      return `${lines.join('\n')}\n`;
    })
    .join('\n');
}

/** A problem as plain data, for `--json`. */
export function problemJson({ code, message, hint, path, location }: Problem) {
  return { code, message, ...(hint === undefined ? {} : { hint }), path: path.join('.'), ...location };
}

/** The known name nearest to a wrong one, if it is near enough to be a typing error. */
export function didYouMean(wrong: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(wrong.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(wrong.toLowerCase(), candidate.toLowerCase());
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/** "Did you mean X?", else what there is. */
export function nearest(wrong: string, known: readonly string[]): string {
  const near = didYouMean(wrong, known);
  if (near) return `Did you mean "${near}"?`;
  return known.length === 0 ? 'There is none.' : `There are: ${known.join(', ')}.`;
}

/** Damerau–Levenshtein distance (optimal string alignment): insertions, deletions, replacements and swapped neighbours. */
function editDistance(a: string, b: string): number {
  // Wrong names come from files: a long one is no typing error, and must not cost quadratic time.
  if (Math.abs(a.length - b.length) > 10 || a.length > 100) return Infinity;
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...Array<number>(b.length).fill(0)]);
  for (let j = 0; j <= b.length; j++) rows[0]![j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let value = Math.min(rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1, rows[i - 1]![j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        value = Math.min(value, rows[i - 2]![j - 2]! + 1);
      rows[i]![j] = value;
    }
  }
  return rows[a.length]![b.length]!;
}
