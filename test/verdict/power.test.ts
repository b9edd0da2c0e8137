import { describe, expect, it } from 'vitest';
import { EVENT_BODIES } from '../../src/record/events.js';
import { foresee } from '../../src/verdict/power.js';
import { availability, p95, sloOf } from './arrivals.js';

const phases = { baselineS: 20, faultS: 20, recoveryS: 10 };
const open = { name: 'checkouts', model: 'open' as const, ratePerSecond: 250 };
const strict = sloOf({
  name: 'strict',
  indicator: { type: 'availability' },
  tolerances: [{ type: 'points', value: 0.0002 }],
});

describe('what a plan foresees', () => {
  it('fits the event that carries it', () => {
    const rows = foresee([availability, p95, strict], [open], phases);
    const power = EVENT_BODIES['plan.resolved'].shape.power;
    expect(power.parse(JSON.parse(JSON.stringify(rows)))).toEqual(rows);
    expect(rows.map(({ slo, part }) => `${slo} ${part}`)).toEqual([
      'availability objective',
      'availability tolerance',
      'p95 objective',
      'p95 tolerance',
      'p95 recovery',
      'strict tolerance',
    ]);
  });

  it('says how much is missing, and what the run can do instead', () => {
    const [row] = foresee([strict], [open], phases);
    expect(row).toMatchObject({ planned: 5000, needed: 14_978, passChance: 0, smallestTolerance: '0.0599 pp' });
    expect(row?.sentence).toBe(
      'strict: needs 14978 arrivals a window if there are no errors at all; 5000 are planned, windows of 60 s would do',
    );
    const [enough] = foresee([strict], [open], { ...phases, baselineS: 60, faultS: 60 });
    expect(enough).toMatchObject({ planned: 15_000, passChance: 1 });
  });

  it('takes the bad share from the objective, and says so', () => {
    const rows = foresee([availability], [open], phases);
    const row = rows.find(({ part }) => part === 'tolerance');
    // 2.93² · 2p/δ² is the rule of thumb at p = 0.001 and δ = 0.001.
    expect(row?.needed).toBeGreaterThan(15_000);
    expect(row?.needed).toBeLessThan(25_000);
    expect(row?.sentence).toContain('as many are bad as the objective allows (0.1 %)');
    expect(row?.sentence).toContain('2995 if there are no errors at all');
  });

  it('reckons with clusters', () => {
    const [row] = foresee([{ ...strict, minClusterSize: 10 }], [open], phases);
    expect(row?.needed).toBe(149_772);
  });

  it('counts only the arrivals of the request, of open streams', () => {
    const streams = [
      {
        ...open,
        requests: [
          { name: 'checkout', weight: 1 },
          { name: 'browse', weight: 3 },
        ],
      },
      { name: 'shoppers', model: 'closed' as const },
    ];
    expect(foresee([{ ...strict, request: 'checkout' }], streams, phases)[0]?.planned).toBe(1250);
    expect(foresee([strict], streams, phases)[0]?.planned).toBe(5000);
    const [closed] = foresee([{ ...strict, stream: 'shoppers' }], streams, phases);
    expect(closed).toMatchObject({ planned: 0, passChance: null });
    expect(closed?.sentence).toContain('not known before the run');
  });

  it('refuses to call a short recovery phase enough', () => {
    const of = (recoveryS: number) =>
      foresee([p95], [open], { ...phases, recoveryS }).find(({ part }) => part === 'recovery');
    expect(of(9)).toMatchObject({ planned: 9, needed: 10 });
    expect(of(9)?.sentence).toContain('too short');
    expect(of(10)?.sentence).toContain('enough');
  });
});
