import { isMap, isNode, isPair, isSeq, type Document, type LineCounter, type Node, type Pair } from 'yaml';
import type { Location } from '../support/errors.js';
import type { Path } from './problems.js';

const CONTEXT_LINES = 1;
const LONGEST_LINE = 160;

/** Where things of one YAML document are: path → line, column and frame. A path that is not there leads to its nearest parent. */
export function locator(options: { file: string; text: string; document: Document; lines: LineCounter }) {
  const { file, text, document, lines } = options;
  const sourceLines = text.split(/\r?\n/);

  const atOffset = (offset: number): Location => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col, frame: frame(sourceLines, line, col) };
  };

  return {
    atOffset,
    at(path: Path, part: 'key' | 'value' = 'value'): Location {
      let node: unknown = document.contents;
      let offset = startOf(node) ?? 0;
      for (const [depth, key] of path.entries()) {
        const pair = isMap(node) ? node.items.find((item) => keyText(item) === String(key)) : undefined;
        const child: unknown = pair ? pair.value : isSeq(node) ? node.items[Number(key)] : undefined;
        if (pair === undefined && child === undefined) break;
        const last = depth === path.length - 1;
        offset =
          (last && part === 'key' && pair ? startOf(pair.key) : (startOf(child) ?? startOf(pair?.key))) ?? offset;
        node = child;
      }
      return atOffset(offset);
    },
  };
}

function keyText(item: Pair): string {
  return isNode(item.key) && 'value' in item.key ? String(item.key.value) : String(item.key);
}

function startOf(node: unknown): number | undefined {
  if (isPair(node)) return startOf(node.key);
  return isNode(node) ? (node as Node).range?.[0] : undefined;
}

/** A few lines around the place, with a caret under it. */
function frame(lines: readonly string[], line: number, column: number): string {
  const from = Math.max(1, line - CONTEXT_LINES);
  const to = Math.min(lines.length, line + CONTEXT_LINES);
  const width = String(to).length;
  const shown: string[] = [];
  for (let n = from; n <= to; n++) {
    const source = (lines[n - 1] ?? '').replaceAll('\t', ' ');
    // A very long line is shown around its column only.
    const start = column > LONGEST_LINE - 20 && n === line ? column - 60 : 0;
    shown.push(
      `  ${n === line ? '>' : ' '} ${String(n).padStart(width)} | ${source.slice(start, start + LONGEST_LINE)}`,
    );
    if (n === line) shown.push(`    ${' '.repeat(width)} | ${' '.repeat(Math.max(0, column - 1 - start))}^`);
  }
  return shown.join('\n');
}
