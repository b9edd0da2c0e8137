import { expect } from 'vitest';
import {
  BURSTS,
  DELTA,
  objectiveCampaign,
  peekingCampaign,
  quantileCampaign,
  rateCampaign,
  ratioCampaign,
  scoreCampaign,
  looksCampaign,
  trialsCampaign,
  type Rates,
} from './campaign.js';
import { nominal, type Bursts } from './noise.js';

/** One line of a table: what was found beside what is published in docs/verdicts.md. */
export interface Line {
  row: string;
  found: string;
  published: string;
  /** What the point estimate against the limit says on the same data. */
  point?: string;
}

const shown = (rate: number): string => rate.toFixed(3).replace(/^0/, '');
const both = ({ pass, fail }: Rates): string => `${shown(pass)}/${shown(fail)}`;

/** Ratios under bursts: false verdicts must stay nominal, and the naive method must show its errors. */
export function checkRatios(runs: number, withLong: boolean): Line[] {
  const row = { seconds: 600, rate: 1000, p: 5e-4 };
  const lines: Line[] = [];
  const at = (name: string, theta: number, more: Partial<Parameters<typeof ratioCampaign>[1]> = {}) =>
    ratioCampaign(runs, { ...row, name, theta: theta * DELTA, ...more });
  const rows = [
    {
      name: 'independent',
      more: {},
      pass: 0.99,
      fail3: 1,
      maxFail: 0.01,
      published: 'A/A .995/0; at δ .033/.025; 3δ 1.0',
    },
    {
      name: '2-s bursts',
      more: { bursts: BURSTS.two },
      pass: 0.62,
      fail3: 0.904,
      maxFail: 0.01,
      published: 'A/A .62/0; at δ .037/.038; 3δ .904',
    },
    {
      name: '5-s bursts',
      more: { bursts: BURSTS.five },
      pass: 0.13,
      fail3: 0.17,
      maxFail: 0.02,
      published: 'A/A .13/0; at δ .041/.009; 3δ .17',
    },
    ...(withLong
      ? [
          {
            name: '5-s bursts, 3,600 s',
            more: { bursts: BURSTS.five, seconds: 3600 },
            pass: 0.45,
            fail3: 0.74,
            maxFail: 0.02,
            published: 'A/A .45/0; at δ .033/.037; 3δ .74',
          },
        ]
      : []),
  ];
  for (const { name, more, pass, fail3, maxFail, published } of rows) {
    const [same, edge, far] = [0, 1, 3].map((theta) => at(name, theta, more));
    if (!same || !edge || !far) throw new Error('three campaigns expected');
    lines.push({
      row: name,
      found: `A/A ${both(same.ours)}; at δ ${both(edge.ours)}; 3δ ${shown(far.ours.fail)}; naive at δ ${both(edge.naive)}`,
      published,
      point: `A/A ${both(same.point)}; at δ ${both(edge.point)}`,
    });
    expect(edge.point.pass, `${name}: the point rule is a coin flip at δ`).toBeGreaterThanOrEqual(0.3);
    expect(edge.ours.pass, `${name}: false pass at δ`).toBeLessThanOrEqual(nominal(runs));
    expect(edge.ours.fail, `${name}: false fail at δ`).toBeLessThanOrEqual(nominal(runs));
    expect(same.ours.fail, `${name}: A/A false fail`).toBeLessThanOrEqual(maxFail);
    expect(same.ours.pass, `${name}: power to pass`).toBeGreaterThanOrEqual(pass - 0.05);
    expect(far.ours.fail, `${name}: power to fail 3δ`).toBeGreaterThanOrEqual(fail3 - 0.05);
    if (name === '2-s bursts') {
      expect(edge.naive.pass, 'naive false pass under bursts').toBeGreaterThanOrEqual(0.15);
      expect(edge.naive.fail, 'naive false fail under bursts').toBeGreaterThanOrEqual(0.15);
    }
  }
  const strong = at('10δ under 5-s bursts', 10, { bursts: BURSTS.five });
  expect(strong.ours.fail).toBeGreaterThanOrEqual(0.93 - 0.05);
  const floored = at('10-s bursts, deffFloor', 1, { bursts: BURSTS.ten, floor: 750 });
  const bare = at('10-s bursts', 1, { bursts: BURSTS.ten });
  lines.push(
    { row: '10δ under 5-s bursts', found: `fails ${shown(strong.ours.fail)}`, published: 'fails .93' },
    { row: '10-s bursts, deffFloor 750', found: `at δ ${both(floored.ours)}`, published: '.000/.001' },
    { row: '10-s bursts, no profile', found: `at δ ${both(bare.ours)}`, published: '.30/.001 (broken)' },
  );
  expect(floored.ours.pass + floored.ours.fail, 'with deffFloor: always inconclusive').toBeLessThanOrEqual(0.005);
  expect(bare.ours.pass, 'without a profile this row is known to be broken').toBeGreaterThanOrEqual(0.2);
  return lines;
}

/** The objective at its limit, the power of the bare score test, and the price of peeking. */
export function checkTheRest(runs: number): Line[] {
  const lines: Line[] = [];
  for (const [name, bursts, seconds, published] of [
    ['objective, independent', undefined, 60, '.025/.022'],
    ['objective, 2-s bursts', BURSTS.two, 600, '.033/.034'],
    ['objective, 5-s bursts', BURSTS.five, 600, '.052/.026'],
  ] as const) {
    const rates = objectiveCampaign(runs, { seconds, rate: 1000, p: 1e-3, ...(bursts ? { bursts } : {}) });
    lines.push({ row: name, found: both(rates), published, point: both(rates.point) });
    expect(rates.pass, `${name}: false pass`).toBeLessThanOrEqual(nominal(runs));
    expect(rates.fail, `${name}: false fail`).toBeLessThanOrEqual(nominal(runs));
  }
  const pass = scoreCampaign(runs, { n: 430_138, p: 1e-3, theta: 0 }).pass;
  const fail = scoreCampaign(runs, { n: 511_188, p: 1e-3, theta: 2 * DELTA }).fail;
  lines.push({ row: 'power at the planned n', found: `${shown(pass)}, ${shown(fail)}`, published: '.90, .90' });
  expect(pass).toBeGreaterThanOrEqual(0.85);
  expect(fail).toBeGreaterThanOrEqual(0.85);
  const peeking = peekingCampaign(Math.min(runs, 500), { seconds: 600, rate: 1000, p: 5e-4, everyS: 1 });
  lines.push({ row: 'peeking each second, at δ', found: both(peeking), published: '.29/.30' });
  expect(peeking.pass, 'peeking must show its error').toBeGreaterThanOrEqual(0.2);
  expect(peeking.fail).toBeGreaterThanOrEqual(0.2);
  return lines;
}

/** P95 under AR(1) noise; δ = 5 %. */
export function checkQuantiles(
  runs: number,
  rows: readonly { sd: number; phi: number; seconds: number; limit: number; maxFail: number; published: string }[],
): Line[] {
  return rows.map(({ sd, phi, seconds, limit, maxFail, published }) => {
    const at = (factor: number) => quantileCampaign(runs, { seconds, rate: 100, sd, phi, factor });
    const [same, edge, far] = [at(1), at(1.05), at(1.15)];
    const name = `P95, sd ${sd}, φ ${phi}, ${seconds} s`;
    const bound = limit === 0.05 ? nominal(runs) : limit + 3 * Math.sqrt((limit * (1 - limit)) / runs);
    expect(edge.pass, `${name}: false pass at δ`).toBeLessThanOrEqual(bound);
    expect(edge.fail, `${name}: false fail at δ`).toBeLessThanOrEqual(bound);
    expect(same.fail, `${name}: A/A false fail`).toBeLessThanOrEqual(
      maxFail + 3 * Math.sqrt((maxFail * (1 - maxFail)) / runs),
    );
    if (phi < 0.9) expect(far.fail, `${name}: power to fail 3δ`).toBeGreaterThanOrEqual(0.95);
    return {
      row: name,
      found: `A/A ${both(same)}; at δ ${both(edge)}; 3δ ${shown(far.fail)}`,
      published,
      point: `A/A ${both(same.point)}; at δ ${both(edge.point)}`,
    };
  });
}

/** Goodput; Z = 3 %. */
export function checkRates(
  runs: number,
  rows: readonly { sd: number; phi: number; seconds: number; limit: number; power: number; published: string }[],
): Line[] {
  return rows.map(({ sd, phi, seconds, limit, power, published }) => {
    const at = (drop: number) => rateCampaign(runs, { seconds, rate: 200, sd, phi, drop });
    const [edge, far] = [at(0.03), at(0.1)];
    const name = `goodput, sd ${sd}, φ ${phi}, ${seconds} s`;
    const bound = limit === 0.05 ? nominal(runs) : limit + 3 * Math.sqrt((limit * (1 - limit)) / runs);
    expect(edge.pass, `${name}: false pass at δ`).toBeLessThanOrEqual(bound);
    expect(edge.fail, `${name}: false fail at δ`).toBeLessThanOrEqual(bound);
    expect(far.fail, `${name}: power to fail a 10 % drop`).toBeGreaterThanOrEqual(power - 0.05);
    return {
      row: name,
      found: `at δ ${both(edge)}; 10 % drop ${shown(far.fail)}`,
      published,
      point: `at δ ${both(edge.point)}`,
    };
  });
}

/** Trials while the baseline drifts by 2 % a window: the counterbalanced layout holds, ABAB and a single pair don't. */
export function checkTrials(runs: number): Line[] {
  const rows = [
    { name: 'one pair', layout: 'AB', published: 'A/A .54/.12; at δ .17/.47' },
    { name: 'ABAB, 4 trials', layout: 'ABABABAB', published: 'A/A .26/–; at δ .01/.18' },
    { name: 'ABBA, 4 trials', layout: 'ABBABAAB', published: 'A/A .44/–; at δ .036/.038' },
    { name: 'ABBA, 8 trials', layout: 'ABBABAABABBABAAB', published: 'A/A .82/–; at δ .037/.037' },
  ];
  return rows.map(({ name, layout, published }) => {
    const drifting = { layout, between: 0.03, trend: 0.02 };
    const same = trialsCampaign(runs, { ...drifting, drift: 0 });
    const edge = trialsCampaign(runs, { ...drifting, drift: 0.05 });
    if (layout.startsWith('ABBA')) {
      expect(edge.pass, `${name}: false pass at δ`).toBeLessThanOrEqual(nominal(runs));
      expect(edge.fail, `${name}: false fail at δ`).toBeLessThanOrEqual(nominal(runs));
      expect(same.fail, `${name}: A/A false fail`).toBeLessThanOrEqual(0.01 + 3 * Math.sqrt((0.01 * 0.99) / runs));
    } else expect(edge.fail, `${name} must show its error`).toBeGreaterThanOrEqual(0.12);
    return {
      row: name,
      found: `A/A ${both(same)}; at δ ${both(edge)}`,
      published,
      point: `A/A ${both(same.point)}; at δ ${both(edge.point)}`,
    };
  });
}

/** Five planned looks keep the error rates, and end early. */
export function checkLooks(runs: number): Line[] {
  const common = { seconds: 600, rate: 1000, p: 5e-4, looks: 5 };
  const at = (theta: number, bursts?: Bursts) =>
    looksCampaign(runs, { ...common, theta: theta * DELTA, ...(bursts ? { bursts } : {}) });
  const [same, edge, far] = [at(0), at(1), at(3)];
  const burst = at(1, BURSTS.two);
  for (const [name, rates] of [
    ['independent', edge],
    ['2-s bursts', burst],
  ] as const) {
    expect(rates.pass, `looks, ${name}: false pass at δ`).toBeLessThanOrEqual(nominal(runs));
    expect(rates.fail, `looks, ${name}: false fail at δ`).toBeLessThanOrEqual(nominal(runs));
  }
  expect(same.pass).toBeGreaterThanOrEqual(0.95);
  expect(same.median, 'half of the good runs end after at most three looks of five').toBeLessThanOrEqual(360);
  expect(far.fail).toBeGreaterThanOrEqual(0.95);
  return [
    { row: 'no drift, independent', found: `${both(same)}, median ${same.median} s of 600`, published: '.999, 240 s' },
    { row: 'at δ, independent', found: both(edge), published: '.044/.041' },
    { row: 'at δ, 2-s bursts', found: both(burst), published: '.040/.038' },
    {
      row: '3δ, independent',
      found: `fails ${shown(far.fail)}, median ${far.median} s`,
      published: 'fails 1.0, 120 s',
    },
  ];
}

/** The tables, for reading. */
export function print(title: string, lines: readonly Line[]): void {
  const width = Math.max(...lines.map(({ row }) => row.length));
  const text = lines.map(
    ({ row, found, published }) => `  ${row.padEnd(width)}  found ${found}  | published ${published}`,
  );
  console.log(`${title} (pass/fail)\n${text.join('\n')}`);
}
