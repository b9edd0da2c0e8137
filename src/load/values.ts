import { randomAt } from '../support/random.js';
import { PlimsollError } from '../support/errors.js';
import type { DataSource } from './driver.js';

/** How a value is written where it stands: a URL needs percent-encoding, JSON text needs its quotes escaped. */
export type ValueEncoding = 'plain' | 'url' | 'json';

/** The text of a template for arrival `index`. */
export type Template = (index: number) => string;

/** What values depend on, besides the index: nothing that the system under test does. */
export interface ValueContext {
  seed: number;
  stream: string;
  data: Record<string, DataSource>;
}

const PLACE = /\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}/g;

/** Compiles a text with `{{names}}`. Throws `unknown_value` for a name without data. */
export function compileTemplate(text: string, context: ValueContext, encoding: ValueEncoding): Template {
  const parts: (string | Template)[] = [];
  let at = 0;
  for (const match of text.matchAll(PLACE)) {
    parts.push(text.slice(at, match.index), encoded(valueOf(match[1] ?? '', context), encoding));
    at = match.index + match[0].length;
  }
  if (parts.length === 0) return () => text;
  parts.push(text.slice(at));
  return (index) => {
    let result = '';
    for (const part of parts) result += typeof part === 'string' ? part : part(index);
    return result;
  };
}

/** Does the text hold a `{{name}}`? */
export function isTemplate(text: string): boolean {
  return text.search(PLACE) >= 0;
}

/** The value of `name` for each arrival: depends on (seed, stream, name, index) alone. */
export function valueOf(name: string, { seed, stream, data }: ValueContext): Template {
  const source = Object.hasOwn(data, name) ? data[name] : undefined;
  if (!source) {
    const known = Object.keys(data);
    throw new PlimsollError({
      code: 'unknown_value',
      message: `"{{${name}}}" has no data in stream "${stream}".`,
      hint: known.length > 0 ? `Use one of ${known.join(', ')}, or add it under \`data\`.` : 'Add it under `data`.',
      kind: 'usage',
    });
  }
  const draw = `${stream}/value/${name}`;
  switch (source.kind) {
    case 'int': {
      const { min, max } = source;
      return (index) => String(min + Math.floor(randomAt(seed, draw, index) * (max - min + 1)));
    }
    case 'pick':
      return pickFrom(source.from, name, (index) => randomAt(seed, draw, index));
    case 'uuid':
      return (index) => uuidOf([0, 1, 2, 3].map((word) => randomAt(seed, `${draw}/${word}`, index) * 2 ** 32));
    case 'sequence':
      return (index) => String(source.start + index);
    case 'csv': {
      const { rows, order } = source;
      if (order === 'sequential') return pickFrom(rows, name, (index) => (index % rows.length) / rows.length);
      // Columns of one file share the draw, so that an arrival gets the values of one row.
      const row = `${stream}/csv/${rows.length}`;
      return pickFrom(rows, name, (index) => randomAt(seed, row, index));
    }
  }
}

function pickFrom(from: readonly string[], name: string, at: (index: number) => number): Template {
  if (from.length === 0) {
    throw new PlimsollError({
      code: 'empty_data',
      message: `The data of "{{${name}}}" is empty.`,
      hint: 'Give it at least one value.',
      kind: 'usage',
    });
  }
  // index/length times length may fall just below the whole number that it came from.
  return (index) => from[Math.min(from.length - 1, Math.floor(at(index) * from.length + 1e-9))] ?? '';
}

/** RFC 9562 version 4 form. */
function uuidOf(words: number[]): string {
  const hex = words.map((word) => Math.floor(word).toString(16).padStart(8, '0')).join('');
  const variant = ((Number.parseInt(hex[16] ?? '0', 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}

function encoded(value: Template, encoding: ValueEncoding): Template {
  switch (encoding) {
    case 'plain':
      return value;
    case 'url':
      return (index) => encodeURIComponent(value(index));
    case 'json':
      return (index) => JSON.stringify(value(index)).slice(1, -1);
  }
}
