/** One sample of a page of metrics. */
export interface ExposedSample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;

/**
 * Reads Prometheus's text format (version 0.0.4; OpenMetrics' differences, exemplars and `# EOF`, are skipped). With
 * `wanted`, other metrics are passed over, so that a large page costs little.
 *
 * @throws Error with the line that is no sample
 */
export function parseExposition(text: string, wanted: (name: string) => boolean = () => true): ExposedSample[] {
  const samples: ExposedSample[] = [];
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const name = NAME.exec(trimmed)?.[0];
    if (name === undefined) throw new Error(`"${trimmed.slice(0, 80)}" is no sample of a metric`);
    if (!wanted(name)) continue;
    const { labels, rest } = labelsOf(trimmed, name.length);
    const value = numberOf(rest.trim().split(/\s+/)[0] ?? '');
    if (value === undefined) throw new Error(`"${trimmed.slice(0, 80)}" has no number`);
    samples.push({ name, labels, value });
  }
  return samples;
}

/** `{name="value",…}` with `\\`, `\"` and `\n` in values; what follows is the rest. */
function labelsOf(line: string, from: number): { labels: Record<string, string>; rest: string } {
  const labels: Record<string, string> = {};
  if (line[from] !== '{') return { labels, rest: line.slice(from) };
  let at = from + 1;
  while (at < line.length && line[at] !== '}') {
    const name = /^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"/.exec(line.slice(at));
    if (!name?.[1]) throw new Error(`"${line.slice(0, 80)}" has labels that cannot be read`);
    at += name[0].length;
    let value = '';
    for (; at < line.length && line[at] !== '"'; at++) {
      if (line[at] === '\\') {
        at++;
        value += line[at] === 'n' ? '\n' : (line[at] ?? '');
      } else value += line[at];
    }
    labels[name[1]] = value;
    at++;
    const comma = /^\s*,?\s*/.exec(line.slice(at));
    at += comma?.[0].length ?? 0;
  }
  if (line[at] !== '}') throw new Error(`"${line.slice(0, 80)}" has labels without an end`);
  return { labels, rest: line.slice(at + 1) };
}

function numberOf(text: string): number | undefined {
  if (/^[+]?Inf$/i.test(text)) return Infinity;
  if (/^-Inf$/i.test(text)) return -Infinity;
  if (/^nan$/i.test(text)) return NaN;
  const value = Number(text);
  return text === '' || Number.isNaN(value) ? undefined : value;
}
