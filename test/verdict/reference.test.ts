import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { mover } from '../../src/verdict/interval.js';
import { clopperPearson, wilson } from '../../src/verdict/ratio.js';
import { betaLower, betaUpper, logGamma, normalUpper, studentUpper } from '../../src/verdict/special.js';

// Computed with SciPy; the file names the version and the functions.
const reference = JSON.parse(readFileSync(new URL('reference-values.json', import.meta.url), 'utf8')) as Record<
  string,
  number[][]
>;

function expectClose(found: number, expected: number, what: string, relative = 1e-9): void {
  if (expected === 0) expect(Math.abs(found), what).toBeLessThan(1e-12);
  else expect(Math.abs(found / expected - 1), `${what}: ${found} against ${expected}`).toBeLessThan(relative);
}

function each(table: string, check: (row: number[], what: string) => void): void {
  const rows = reference[table] ?? [];
  expect(rows.length).toBeGreaterThan(3);
  for (const row of rows) check(row, `${table} ${row.join(' ')}`);
}

describe('against SciPy', () => {
  it('normal, Student, Beta and ln Γ', () => {
    each('normalUpper', ([a = 0, z = 0], what) => expectClose(normalUpper(a), z, what));
    each('studentUpper', ([a = 0, df = 0, t = 0], what) => expectClose(studentUpper(a, df), t, what));
    each('betaLower', ([p = 0, a = 0, b = 0, x = 0], what) => expectClose(betaLower(p, a, b), x, what));
    each('betaUpper', ([p = 0, a = 0, b = 0, x = 0], what) => expectClose(betaUpper(p, a, b), x, what));
    each('logGamma', ([x = 0, value = 0], what) => expectClose(logGamma(x), value, what));
  });

  it('Clopper–Pearson and Wilson', () => {
    each('clopperPearson', ([x = 0, n = 0, alpha = 0, low = 0, high = 0], what) => {
      const interval = clopperPearson({ x, n }, alpha);
      // SciPy finds these ends by root finding with an absolute error of 2e-12; the Beta tables above are sharp.
      expectClose(interval.low, low, what, 1e-8);
      expectClose(interval.high, high, what, 1e-8);
    });
    each('wilson', ([x = 0, n = 0, alpha = 0, low = 0, high = 0], what) => {
      const interval = wilson({ x, n }, normalUpper(alpha));
      expectClose(interval.low, low, what);
      expectClose(interval.high, high, what);
    });
  });

  it('Newcombe, and the published example of his method 10 (1998, table II a)', () => {
    each('newcombe', ([x1 = 0, n1 = 0, x2 = 0, n2 = 0, alpha = 0, low = 0, high = 0], what) => {
      const k = normalUpper(alpha);
      const interval = mover(wilson({ x: x1, n: n1 }, k), wilson({ x: x2, n: n2 }, k));
      expectClose(interval.low, low, what);
      expectClose(interval.high, high, what);
    });
    const k = normalUpper(0.025);
    const { low, high } = mover(wilson({ x: 56, n: 70 }, k), wilson({ x: 48, n: 80 }, k));
    expect([low.toFixed(4), high.toFixed(4)]).toEqual(['0.0524', '0.3339']);
  });
});
