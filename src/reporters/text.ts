/**
 * Text for terminals. Names come from users and from the system under test: no control character of theirs may reach
 * the terminal, where it could move the cursor, change the title or hide what follows.
 */

// eslint's no-control-regex is about mistakes; here control characters are the subject.
const CONTROL = /\p{Cc}+/gu;
const BIDI = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;
const LONE_SURROGATE = /\p{Surrogate}/gu;
const COMBINING = /\p{Mark}|\u200B|\u200C|\u200D|\uFE0F/u;
const WIDE =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}|[\u{20000}-\u{3FFFD}]/u;

/** One line, without control and direction characters; runs of white space become one blank. */
export function clean(text: string): string {
  return text.replace(CONTROL, ' ').replace(BIDI, '').replace(LONE_SURROGATE, '\uFFFD').replace(/\s+/gu, ' ').trim();
}

/** Columns that clean text takes up on a terminal. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += COMBINING.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

/** At most `columns` wide; what was cut off shows as `…`. */
export function truncate(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = '';
  let width = 0;
  for (const character of text) {
    width += widthOf(character);
    if (width > columns - 1) break;
    kept += character;
  }
  return columns < 1 ? '' : `${kept}…`;
}

/** Exactly `columns` wide: cut off or filled up with blanks, on the left side with `align: 'right'`. */
export function fit(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const cut = truncate(text, columns);
  const blanks = ' '.repeat(Math.max(0, columns - widthOf(cut)));
  return align === 'left' ? cut + blanks : blanks + cut;
}

/** Lines of at most `columns`, broken at blanks, and inside a word only where it is longer than a line. */
export function wrap(text: string, columns: number, indent = ''): string[] {
  const lines: string[] = [];
  let line = '';
  for (let word of text.split(' ')) {
    while (widthOf(word) > columns - widthOf(indent)) {
      if (line !== '') lines.push(line);
      const piece = truncate(word, columns - widthOf(indent) + 1).slice(0, -1) || word.slice(0, 1);
      lines.push((lines.length > 0 ? indent : '') + piece);
      line = '';
      word = word.slice(piece.length);
    }
    const start = line === '' ? (lines.length > 0 ? indent : '') : `${line} `;
    if (line !== '' && widthOf(start + word) > columns) {
      lines.push(line);
      line = indent + word;
    } else line = start + word;
  }
  return line === '' ? lines : [...lines, line];
}

export type Colour = 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'dim' | 'bold';
export type Paint = (colour: Colour, text: string) => string;

const CODES: Readonly<Record<Colour, string>> = {
  red: '31',
  green: '32',
  yellow: '33',
  blue: '34',
  magenta: '35',
  dim: '2',
  bold: '1',
};

/** Colours text, or leaves it alone where colour is not wanted (`NO_COLOR`, a file, a pipe). */
export function painter(colour: boolean): Paint {
  return colour ? (name, text) => `\u001B[${CODES[name]}m${text}\u001B[0m` : (_, text) => text;
}
