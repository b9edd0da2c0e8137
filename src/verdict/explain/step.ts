/**
 * One line of a computation that anyone can repeat: `numbers` is an expression of plain numbers with + − * / ^, √ as
 * `sqrt`, `ln`, `exp`, `min`, `max`, and table look-ups such as `t(0.05; 28.4)`. Empty where the value was counted, not
 * computed.
 */
export interface Step {
  symbol: string;
  /** What the symbol stands for, in words. */
  means: string;
  formula: string;
  numbers: string;
  /** Null: infinite, or it does not exist. */
  value: number | null;
}

/** Figures that steps refer to by name, e.g. the arrivals of each batch. */
export interface List {
  name: string;
  means: string;
  values: readonly (number | string)[];
}

export interface Chapter {
  title: string;
  /** What is done here and why. */
  words: string;
  lists: List[];
  steps: Step[];
}

/** A number with as many digits as a pocket calculator shows. */
export function num(x: number): string {
  if (!Number.isFinite(x)) return x > 0 ? '∞' : x < 0 ? '−∞' : 'none';
  return String(Number(x.toPrecision(10)));
}

/** A figure that was counted. */
export function counted(symbol: string, means: string, value: number): Step {
  return { symbol, means, formula: '', numbers: '', value: finite(value) };
}

/** A figure that was computed; `numbers` is the formula with its numbers. */
export function computed(symbol: string, means: string, formula: string, numbers: string, value: number): Step {
  return { symbol, means, formula, numbers, value: finite(value) };
}

function finite(x: number): number | null {
  return Number.isFinite(x) ? x : null;
}
