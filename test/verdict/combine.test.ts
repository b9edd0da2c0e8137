import { describe, expect, it } from 'vitest';
import { combineRun, type RunEnd } from '../../src/verdict/combine.js';
import type { SloJudgement, SloVerdict } from '../../src/verdict/judgement.js';

function slo(
  verdict: SloVerdict,
  severity: SloJudgement['severity'] = 'critical',
  name = `${severity} slo`,
): SloJudgement {
  return {
    name,
    severity,
    verdict,
    indicatorText: 'availability',
    unit: 'ratio',
    reasons: [],
    warnings: [],
    windows: {},
    parts: [],
    sentence: `${name} fell from 99.9 to 98 %`,
  };
}
const end = (more: Partial<RunEnd>): RunEnd => ({ slos: [], invariants: [], cleanupProven: true, ...more });
const held = { name: 'nothing lost', held: true };
const violated = { name: 'nothing lost', held: false };

describe('the verdict of a run', () => {
  it.each<[string, Partial<RunEnd>, string, number]>([
    ['all critical SLOs passed', { slos: [slo('passed'), slo('passed')], invariants: [held] }, 'passed', 0],
    ['a critical SLO failed', { slos: [slo('passed'), slo('failed')] }, 'failed', 1],
    ['failed wins over inconclusive', { slos: [slo('inconclusive'), slo('failed')] }, 'failed', 1],
    ['a critical SLO is inconclusive', { slos: [slo('passed'), slo('inconclusive')] }, 'inconclusive', 3],
    [
      'warnings decide nothing',
      { slos: [slo('passed'), slo('failed', 'warning'), slo('failed', 'info')] },
      'passed',
      0,
    ],
    ['no critical SLO', { slos: [slo('passed', 'warning')] }, 'inconclusive', 3],
    ['nothing at all', {}, 'inconclusive', 3],
    ['an invariant was violated', { slos: [slo('passed')], invariants: [violated] }, 'failed', 1],
    [
      'an invariant could not be checked',
      { slos: [slo('passed')], invariants: [{ name: 'x', held: null }] },
      'inconclusive',
      3,
    ],
    [
      'errored wins over failed',
      { slos: [slo('failed')], errored: { code: 'driver_died', message: 'the driver died' } },
      'errored',
      3,
    ],
    [
      'aborted, nothing proven',
      { slos: [slo('inconclusive')], aborted: { by: 'guard', message: 'stopped', safety: '50 % errors' } },
      'aborted',
      3,
    ],
    [
      'aborted, but a failure is proven',
      { slos: [slo('failed')], aborted: { by: 'guard', message: 'stopped' } },
      'failed',
      1,
    ],
    [
      'a statistical stop',
      { slos: [slo('inconclusive')], aborted: { by: 'guard', message: 'stopped' }, statisticalStop: true },
      'failed',
      1,
    ],
    [
      'SIGINT',
      { slos: [slo('inconclusive')], aborted: { by: 'signal', message: 'Ctrl-C' }, signal: 'SIGINT' },
      'aborted',
      130,
    ],
    ['SIGTERM', { aborted: { by: 'signal', message: 'stopped' }, signal: 'SIGTERM' }, 'aborted', 143],
    ['SIGHUP', { aborted: { by: 'signal', message: 'stopped' }, signal: 'SIGHUP' }, 'aborted', 129],
    [
      'a signal decides the code, never the word',
      { slos: [slo('failed')], aborted: { by: 'signal', message: 'Ctrl-C' }, signal: 'SIGINT' },
      'failed',
      130,
    ],
    ['the clean-up wins over all', { slos: [slo('passed')], cleanupProven: false }, 'passed', 4],
    ['even over a signal', { slos: [slo('failed')], signal: 'SIGINT', cleanupProven: false }, 'failed', 4],
  ])('%s', (_, more, verdict, exitCode) => {
    const run = combineRun(end(more));
    expect(run).toMatchObject({ verdict, exitCode });
    expect(run.sentence).toMatch(/\.$/);
  });

  it('says what broke, first things first, and what else', () => {
    const many = ['a', 'b', 'c', 'd'].map((name) => slo('failed', 'critical', name));
    const run = combineRun(end({ slos: many, invariants: [{ ...violated, message: 'lost 3' }] }));
    expect(run.sentence).toBe(
      'invariant "nothing lost" was violated (lost 3); a fell from 99.9 to 98 %; b fell from 99.9 to 98 %; and 2 more.',
    );
    const aside = combineRun(end({ slos: [slo('passed'), slo('failed', 'warning', 'goodput')] }));
    expect(aside.sentence).toContain('1 SLO of severity warning failed: goodput.');
    expect(combineRun(end({ slos: [slo('passed')], cleanupProven: false })).sentence).toContain('may still be active');
    const safety = combineRun(end({ aborted: { by: 'guard', message: 'stopped', safety: '50 % errors in 5 s' } }));
    expect(safety.sentence).toBe('stopped. The safety condition "50 % errors in 5 s" failed.');
  });
});
