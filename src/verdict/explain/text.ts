import type { SloExplanation } from './explain.js';
import { num, type Chapter, type List, type Step } from './step.js';

const WIDTH = 98;

/** An explanation as text, for a terminal. */
export function explanationText(explanation: SloExplanation): string {
  const { slo, indicator, verdict, sentence, parts, confidence } = explanation;
  const lines = [
    `${slo} (${indicator}): ${verdict.toUpperCase()}`,
    wrap(sentence, '  '),
    '',
    wrap(
      `Below, each figure of that verdict with the figures that it was made from. Index 1 is the fault window, index 2 the baseline. α = 1 − ${num(confidence)} = ${num(1 - confidence)} is the chance of error that each end of an interval is allowed. z, t and Beta are looked up in tables (in a spreadsheet: NORM.S.INV, T.INV, BETA.INV).`,
      '  ',
    ),
  ];
  for (const part of parts) {
    lines.push('', `${part.asked}: ${part.verdict.toUpperCase()}`);
    for (const [i, chapter] of part.chapters.entries()) lines.push('', ...chapterLines(chapter, i + 1));
    lines.push('', wrap(`So: ${part.sentence}`, '  '));
    for (const reason of part.reasons) {
      const { observed, required } = reason;
      const figures = [observed && `seen: ${observed}`, required && `needed: ${required}`].filter(Boolean).join('; ');
      lines.push(
        wrap(
          `Taken away or undecided because: ${reason.code}: ${reason.message}${figures ? ` (${figures})` : ''}.`,
          '  ',
        ),
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

function chapterLines({ title, words, lists, steps }: Chapter, n: number): string[] {
  return [`  ${n}. ${title}`, wrap(words, '     '), ...lists.flatMap(listLines), ...steps.flatMap(stepLines)];
}

function listLines({ name, means, values }: List): string[] {
  return [
    `     ${name}, ${means}:`,
    wrap(values.map((value) => (typeof value === 'number' ? num(value) : value)).join(' '), '       '),
  ];
}

function stepLines({ symbol, means, formula, numbers, value }: Step): string[] {
  const result = value === null ? 'no such figure' : num(value);
  const how = [symbol, formula === symbol ? '' : formula, numbers, result].filter((piece) => piece !== '').join(' = ');
  return [wrap(`${symbol}: ${means}`, '     '), wrap(how, '       ')];
}

/** Breaks at spaces; an indent on every line. */
function wrap(text: string, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines.map((one) => indent + one).join('\n');
}
