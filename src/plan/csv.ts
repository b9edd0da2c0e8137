/** One line of a CSV file: its fields, and where it begins. */
export interface CsvRow {
  /** From 1. */
  line: number;
  fields: string[];
}

/**
 * CSV as in RFC 4180: fields in double quotes may hold commas, line ends and doubled quotes. Lines end with LF or CRLF;
 * empty lines and a byte order mark are left out. Unquoted fields lose the spaces around them.
 *
 * @returns the rows, or the line at which a quote was opened that nothing closes.
 */
export function parseCsv(text: string): { rows: CsvRow[] } | { openQuoteAt: number } {
  const rows: CsvRow[] = [];
  // A field (quoted or plain) and what ends it.
  const part = /(?:[ \t]*"((?:[^"]|"")*)"[ \t]*|([^,\r\n]*))(,|\r?\n|$)/y;
  const input = text.replace(/^\uFEFF/, '');
  let line = 1;
  let row: CsvRow = { line, fields: [] };
  while (part.lastIndex < input.length || row.fields.length > 0) {
    const opensQuote = /^[ \t]*"/.test(input.slice(part.lastIndex, part.lastIndex + 100));
    const match = part.exec(input);
    if (!match || (opensQuote && match[1] === undefined)) return { openQuoteAt: line };
    const [whole, quoted, plain = '', end] = match;
    row.fields.push(quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'));
    line += whole.split('\n').length - 1;
    if (end === ',') continue;
    if (row.fields.length > 1 || row.fields[0] !== '') rows.push(row);
    row = { line, fields: [] };
  }
  return { rows };
}
