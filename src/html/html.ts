/** Markup that is known to be safe. Only `html` and `raw` make it, so whatever is not of this type gets escaped. */
export class Markup {
  constructor(readonly text: string) {}
}

/** What may stand in a template. `undefined`, `null` and `false` leave nothing behind. */
export type Content = Markup | string | number | false | null | undefined | readonly Content[];

/** A template tag: every value is escaped, for text and for quoted attributes, unless it is `Markup`. */
export function html(parts: TemplateStringsArray, ...values: Content[]): Markup {
  const fixed = compact(parts);
  let text = fixed[0] ?? '';
  for (const [at, value] of values.entries()) text += textOf(value) + (fixed[at + 1] ?? '');
  return new Markup(text);
}

/** Marks text as markup without escaping it: for constants of this program alone, never for data. */
export function raw(text: string): Markup {
  return new Markup(text);
}

export function join(items: readonly Content[], separator: Content = ''): Markup {
  return new Markup(items.map(textOf).join(textOf(separator)));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Escapes text for element content and quoted attributes. Characters that cannot be seen but change what is seen around
 * them (controls, direction overrides, lone surrogates) become visible as U+FFFD.
 */
export function escapeHtml(text: string): string {
  return text
    .replace(/\p{Surrogate}|\p{Noncharacter_Code_Point}|[^\P{Cc}\t\n]/gu, '\uFFFD')
    .replace(/[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu, '\uFFFD')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** At most `length` characters; a name of ten thousand would push everything else off the page. */
export function clip(text: string, length = 100): string {
  const characters = text.length > length ? Array.from(text.slice(0, 2 * length + 2)) : undefined;
  return characters === undefined || characters.length <= length
    ? text
    : `${characters.slice(0, length - 1).join('')}…`;
}

/** A name from the user or the system: cut to a length that fits, and kept from turning the text around it. */
export function name(text: string, length = 100): Markup {
  return html`<bdi>${clip(text, length)}</bdi>`;
}

const compacted = new WeakMap<TemplateStringsArray, string[]>();

/** Templates are indented for their reader; the line breaks and blanks that this leaves are worth one line break. */
function compact(parts: TemplateStringsArray): string[] {
  const known = compacted.get(parts) ?? parts.map((part) => part.replace(/\s*\n\s*/g, '\n'));
  compacted.set(parts, known);
  return known;
}

function textOf(value: Content): string {
  if (value === undefined || value === null || value === false) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'string') return escapeHtml(value);
  if (typeof value === 'number') return String(value);
  return value.map(textOf).join('');
}

/** A relative path, with forward slashes, as a link; never a scheme. */
export function linkTo(path: string): string {
  return `./${path.split('/').map(encodeURIComponent).join('/')}`;
}
