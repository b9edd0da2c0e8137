import { LineCounter, isMap, isSeq, isScalar, parseDocument } from 'yaml';

/**
 * Where the SLOs and invariants of a scenario stand in its text: name → line, counted from 1. What can't be read has no
 * line: the text was checked when the run began, and a report must not fail over it.
 */
export function slosInText(text: string): Map<string, number> {
  const found = new Map<string, number>();
  const counter = new LineCounter();
  let root: unknown;
  try {
    root = parseDocument(text, { lineCounter: counter }).contents;
  } catch {
    return found;
  }
  if (!isMap(root)) return found;
  for (const key of ['slos', 'invariants']) {
    const list = root.get(key, true);
    if (!isSeq(list)) continue;
    for (const item of list.items) {
      const name = isMap(item) ? item.get('name', true) : undefined;
      const offset = isMap(item) ? item.range?.[0] : undefined;
      if (!isScalar(name) || offset === undefined || found.has(String(name.value))) continue;
      found.set(String(name.value), counter.linePos(offset).line);
    }
  }
  return found;
}
