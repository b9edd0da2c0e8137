import { BATCHES, batchesOf, laggedSums, type Arm, type Dispersion, type Spread } from '../dispersion.js';
import type { WindowKind } from '../evidence/evidence.js';
import { computed, counted, num, type Chapter, type Step } from './step.js';

/** One window that a statement shares its noise with. */
export interface NoisyWindow {
  label: string;
  arm: Arm;
  spread: Spread;
}

/** How much the errors (or slow answers) of one window come in bursts: its design effect and autocorrelation. */
export function spreadChapter({ label, arm, spread }: NoisyWindow, bad: string): Chapter {
  const { x, n } = batchesOf(arm);
  const B = x.length;
  const X = x.reduce((sum, one) => sum + one, 0);
  const N = n.reduce((sum, one) => sum + one, 0);
  const title = `Do they come in bursts? The ${label}`;
  const lists = [
    { name: 'x_j', means: `${bad} in each of ${B} equal batches`, values: [...x] },
    { name: 'n_j', means: 'arrivals in each batch', values: [...n] },
  ];
  if (B < 2 || X <= 0 || X >= N) {
    return {
      title,
      words:
        'The window is cut into equal batches. All batches are alike here (all good, or all bad), so they cannot show bursts: the design effect is taken as 1 and the autocorrelation as 0.',
      lists,
      steps: [counted('DEFF', 'design effect', spread.deff), counted('ρ', 'autocorrelation', spread.rho)],
    };
  }
  const r = X / N;
  const mean = N / B;
  const e = x.map((one, j) => (one - r * (n[j] ?? 0)) / mean);
  const { squares, lagged } = laggedSums(e);
  const V = squares / (B * (B - 1));
  return {
    title,
    words:
      `The window is cut into ${B} equal batches of ${Math.floor(arm.totalPerSecond.length / B)} s. If the batches vary more than independent events would, one event tells less than one: ` +
      'the ratio of the two variances is the design effect (DEFF). How much a batch resembles the one before is the autocorrelation ρ.',
    lists,
    steps: [
      computed('r', `share of ${bad}, over the batches`, 'Σ x_j / Σ n_j', `${num(X)} / ${num(N)}`, r),
      computed('n̄', 'arrivals of a mean batch', 'Σ n_j / B', `${num(N)} / ${B}`, mean),
      {
        ...counted('S', 'squared deviations of the batches', squares),
        formula: 'sum over j of ((x_j − r * n_j) / n̄)^2',
      },
      {
        ...counted('C', 'each deviation times the one before it', lagged),
        formula: 'sum over j > 1 of (x_j − r * n_j) / n̄ * (x_(j−1) − r * n_(j−1)) / n̄',
      },
      computed(
        'V',
        'variance of the share, as the batches show it',
        'S / (B * (B − 1))',
        `${num(squares)} / (${B} * ${B - 1})`,
        V,
      ),
      computed(
        'DEFF',
        'design effect: V ÷ the variance of independent events',
        'max(1; V / (r * (1 − r) / Σ n_j))',
        `max(1; ${num(V)} / (${num(r)} * (1 - ${num(r)}) / ${num(N)}))`,
        spread.deff,
      ),
      computed('ρ', 'lag-1 autocorrelation of the batches', 'C / S', `${num(lagged)} / ${num(squares)}`, spread.rho),
    ],
  };
}

/** What the windows' noise together leaves of a count: D, and the critical value k. */
export function togetherChapter(
  spreads: readonly Spread[],
  dispersion: Dispersion,
  options: { floor: number; events: boolean; arms: 1 | 2; alpha: number; k: number | null; df: number | null },
): Chapter {
  const { floor, events, arms, alpha, k, df } = options;
  const B = Math.max(2, Math.min(BATCHES, ...spreads.map(({ batches }) => batches)));
  const rhos = spreads.map(({ rho }) => num(rho));
  const { rhoMean, rho, phi, deff, D } = dispersion;
  const steps: Step[] = [
    computed(
      'ρ̄',
      'mean autocorrelation of the windows',
      'mean of the ρ above',
      `(${rhos.join(' + ') || '0'}) / ${Math.max(1, spreads.length)}`,
      rhoMean,
    ),
    computed(
      'ρ*',
      `the same, corrected for ${B} batches (their mean was estimated too), kept within 0 and 0.9`,
      'min(0.9; max(0; ρ̄ + 1 / B))',
      `min(0.9; max(0; ${num(rhoMean)} + 1 / ${B}))`,
      rho,
    ),
    events
      ? computed(
          'φ',
          'what autocorrelation adds to the variance',
          '(1 + ρ*) / (1 − ρ*)',
          `(1 + ${num(rho)}) / (1 - ${num(rho)})`,
          phi,
        )
      : counted('φ', 'what autocorrelation adds: nothing, since there was no bad event at all', phi),
    computed(
      'DEFF*',
      'the larger design effect counts: a window that saw no burst understates its own',
      'max of the DEFF above',
      `max(${['1', ...spreads.map((one) => num(one.deff))].join('; ')})`,
      deff,
    ),
    computed(
      'D',
      `so many arrivals are worth one independent one${floor > 1 ? ` (at least ${num(floor)}, from the noise profile or minClusterSize)` : ''}`,
      'max(DEFF*; floor) * φ',
      `max(${num(deff)}; ${num(floor)}) * ${num(phi)}`,
      D,
    ),
  ];
  steps.push(...criticalSteps({ arms, alpha, k, df, phi, B }));
  return {
    title: 'What the noise leaves of the counts',
    words:
      'The windows share one noise. Because it had to be estimated from a few batches, Student’s t takes the place of the normal z; its degrees of freedom (df) fall with φ.',
    lists: [],
    steps,
  };
}

/** The critical value: how many standard errors the interval reaches to each side. */
export function criticalSteps(options: {
  arms: 1 | 2;
  alpha: number;
  k: number | null;
  df: number | null;
  phi: number;
  B: number;
}): Step[] {
  const { arms, alpha, k, df, phi, B } = options;
  if (k === null) return [];
  const reach = 'standard errors that the interval reaches to each side';
  if (df === null) {
    return [computed('k', `${reach}: z of the normal table`, 'z(α)', `z(${num(alpha)})`, k)];
  }
  return [
    computed(
      'df',
      'degrees of freedom, at least 4',
      arms === 2 ? 'max(4; 2 * (B − 1) / φ)' : 'max(4; (B − 1) / φ)',
      `max(4; ${arms === 2 ? '2 * ' : ''}(${B} - 1) / ${num(phi)})`,
      df,
    ),
    computed('k', `${reach}: t of Student's table, one-sided`, 't(α; df)', `t(${num(alpha)}; ${num(df)})`, k),
  ];
}

/** A window in words; of several trials, which. */
export function labelOf(kind: WindowKind, i = 0, of = 1): string {
  const name = { baseline: 'baseline', fault: 'fault window', recovery: 'recovery window' }[kind];
  return of > 1 ? `${name} of trial ${i + 1}` : name;
}
