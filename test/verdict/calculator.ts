import type { Chapter, Step } from '../../src/verdict/explain/step.js';
import { betaLower, betaUpper, normalTail, normalUpper, studentUpper } from '../../src/verdict/special.js';

/** The functions of a pocket calculator, and the tables beside it. */
const FUNCTIONS: Readonly<Record<string, (...args: number[]) => number>> = {
  sqrt: Math.sqrt,
  ln: Math.log,
  exp: Math.exp,
  min: Math.min,
  max: Math.max,
  floor: Math.floor,
  ceil: Math.ceil,
  t: studentUpper,
  z: normalUpper,
  tail: normalTail,
  beta: betaLower,
  betaUpper,
};

/** Evaluates an expression of plain numbers, as a calculator would. Throws on anything else. */
export function calculate(text: string): number {
  const tokens = text.match(/\d+(?:\.\d+)?(?:e[+-]?\d+)?|[a-zA-Z]+|[-+*/^();]/gi) ?? [];
  if (tokens.join('') !== text.replace(/\s+/g, '')) throw new Error(`not an expression: ${text}`);
  let at = 0;
  const eat = (token: string): void => {
    if (tokens[at++] !== token) throw new Error(`expected ${token} in ${text}`);
  };
  const sum = (): number => {
    let value = product();
    while (tokens[at] === '+' || tokens[at] === '-')
      value = tokens[at++] === '+' ? value + product() : value - product();
    return value;
  };
  const product = (): number => {
    let value = signed();
    while (tokens[at] === '*' || tokens[at] === '/') value = tokens[at++] === '*' ? value * signed() : value / signed();
    return value;
  };
  const signed = (): number => {
    if (tokens[at] !== '-') return power();
    at++;
    return -signed();
  };
  const power = (): number => {
    const base = atom();
    if (tokens[at] !== '^') return base;
    at++;
    return base ** signed();
  };
  const atom = (): number => {
    const token = tokens[at++] ?? '';
    if (token === '(') {
      const value = sum();
      eat(')');
      return value;
    }
    if (/^\d/.test(token)) return Number(token);
    const f = FUNCTIONS[token];
    if (!f) throw new Error(`unknown: ${token} in ${text}`);
    eat('(');
    const args = [sum()];
    while (tokens[at] === ';') {
      at++;
      args.push(sum());
    }
    eat(')');
    return f(...args);
  };
  const value = sum();
  if (at !== tokens.length) throw new Error(`left over in ${text}`);
  return value;
}

/** Steps whose numbers don't give their value, in words; how many were checked. */
export function recalculate(chapters: readonly Chapter[]): { checked: number; wrong: string[] } {
  const wrong: string[] = [];
  let checked = 0;
  for (const chapter of chapters) {
    for (const step of chapter.steps) {
      if (step.numbers === '' || step.value === null) continue;
      checked++;
      const found = calculate(step.numbers);
      if (!close(found, step))
        wrong.push(`${chapter.title}: ${step.symbol} = ${step.numbers} = ${found}, not ${step.value}`);
    }
  }
  return { checked, wrong };
}

/** Ten digits are printed; differences of near numbers keep fewer of them. */
function close(found: number, { value, numbers }: Step): boolean {
  const largest = Math.max(
    1e-12,
    ...(numbers.match(/\d+(?:\.\d+)?(?:e[+-]?\d+)?/gi) ?? []).map(Number).filter((x) => x <= 1),
  );
  return Math.abs(found - (value ?? NaN)) <= 1e-6 * Math.abs(value ?? 0) + 1e-8 * largest;
}
