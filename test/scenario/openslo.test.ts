import { describe, expect, it } from 'vitest';
import { budgetPolicy } from '../../src/scenario/budget-policy.js';
import { parseScenario } from '../../src/scenario/index.js';
import { BASE } from './base.js';

const SLOS = `apiVersion: openslo/v1
kind: DataSource
metadata: { name: prometheus }
spec: { type: Prometheus, connectionDetails: { password: hunter2 } }
---
apiVersion: openslo/v1
kind: SLI
metadata: { name: good-checkouts }
spec:
  ratioMetric:
    good: { metricSource: { type: Prometheus, spec: { query: sum(good) } } }
    total: { metricSource: { type: Prometheus, spec: { query: sum(total) } } }
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: { name: fast-burn }
spec:
  conditions:
    - kind: AlertCondition
      metadata: { name: fast }
      spec: { condition: { kind: burnrate, op: gte, threshold: 14.4, lookbackWindow: 1h, alertAfter: 5m } }
---
apiVersion: openslo/v1
kind: SLO
metadata: { name: checkout, annotations: { plimsoll/tolerance: 0.1pp, plimsoll/severity: warning } }
spec:
  service: shop
  indicatorRef: good-checkouts
  timeWindow: [{ duration: 1M, calendar: { startTime: '2024-01-01 00:00:00', timeZone: Europe/Berlin } }]
  budgetingMethod: Timeslices
  alertPolicies: [{ alertPolicyRef: fast-burn }]
  objectives:
    - { target: 0.999, op: lte, timeSliceTarget: 0.95, timeSliceWindow: 5 }
---
apiVersion: openslo/v1
kind: SLO
metadata: { name: fast enough }
spec:
  service: shop
  indicator:
    metadata: { name: latency }
    spec: { thresholdMetric: { metricSource: { type: Prometheus, spec: { query: latency } } } }
  timeWindow: [{ duration: 28d, isRolling: true }]
  budgetingMethod: Occurrences
  alertPolicies:
  objectives: [{ op: lte, value: 250, targetPercent: 99 }]
`;
const SCENARIO = `${BASE.slice(0, BASE.indexOf('slos:'))}slos:
  openslo: slos.yaml
  indicators:
    good-checkouts: { indicator: availability, request: checkout }
    latency: { unit: ms, stream: checkouts }
`;
const parse = (slos: string, scenario = SCENARIO) => parseScenario(scenario, 'base.yaml', {}, () => slos);
const refused = (from: string, to: string) => {
  expect(SLOS).toContain(from);
  const { problems } = parse(SLOS.replace(from, to));
  return problems.map(({ code, location }) => [code, location.file, location.line]);
};
const lineOf = (text: string) => SLOS.slice(0, SLOS.indexOf(text)).split('\n').length;

describe('SLOs of OpenSLO v1', () => {
  it('become SLOs and a budget, and what is not taken over is listed', () => {
    const { scenario, problems } = parse(SLOS);
    expect(problems).toEqual([]);
    expect(scenario?.slos).toMatchObject([
      {
        name: 'checkout',
        indicator: 'availability',
        request: 'checkout',
        objective: '>= 99.9%',
        tolerance: '0.1pp',
        severity: 'warning',
      },
      {
        name: 'fast enough',
        indicator: 'latency under 250ms',
        stream: 'checkouts',
        objective: '>= 99%',
        severity: 'critical',
      },
    ]);
    expect(budgetPolicy('x', scenario!.budget!)).toMatchObject({
      name: 'checkout',
      objective: 0.999,
      method: 'timeslices',
      sliceS: 300,
      sliceTarget: 0.95,
      window: { type: 'calendar', unit: 'month', count: 1, timeZone: 'Europe/Berlin' },
      abortPerHour: 0.02,
    });
    const warnings = scenario!.source.warnings.map(({ message }) => message);
    expect(warnings).toEqual([
      expect.stringMatching(/^slos\.yaml:2: a DataSource says nothing/),
      expect.stringMatching(new RegExp(`^slos\\.yaml:${lineOf('{ target: 0.999')}: a ratio has no .op.`)),
      expect.stringMatching(/a run has one error budget, that of checkout/),
    ]);
    expect(JSON.stringify(warnings)).not.toContain('hunter2');
  });

  it.each([
    ['target: 0.999,', 'target: 1.0,', 'bad_target'],
    ['target: 0.999,', 'target: 0.999, targetPercent: 99.9,', 'openslo_form'],
    ['target: 0.999,', 'target: 0.999, indicatorRef: a,', 'openslo_composite'],
    ['indicatorRef: good-checkouts', 'indicatorRef: bad-checkouts', 'openslo_reference'],
    ['op: lte, value: 250', 'op: gte, value: 250', 'openslo_threshold'],
    ['duration: 28d', 'duration: 28x', 'openslo_duration'],
    ['budgetingMethod: Timeslices', 'budgetingMethod: Sometimes', 'openslo_form'],
  ])('%s → %s is located in their file', (from, to, code) => {
    const found = refused(from, to);
    expect(found.map(([first]) => first)).toContain(code);
    expect(found.every(([, file, line]) => file === 'slos.yaml' && Number(line) > 1)).toBe(true);
  });

  it('refuses other versions, and indicators that nobody has mapped, with what to write', () => {
    expect(parse(SLOS.replace('openslo/v1', 'openslo.com/v2alpha')).problems[0]).toMatchObject({
      code: 'openslo_version',
    });
    const { problems } = parse(SLOS, SCENARIO.replace('good-checkouts:', 'others:'));
    expect(problems).toMatchObject([
      {
        code: 'indicator_not_mapped',
        hint: expect.stringContaining('good-checkouts'),
        location: { file: 'slos.yaml' },
      },
    ]);
  });

  it('takes `m` for minutes, knows only alerts that mean burning, and any case of a method', () => {
    const { scenario } = parse(
      SLOS.replace('duration: 1M', 'duration: 1m').replace('op: gte', 'op: lte').replace('Timeslices', 'TimeSlices'),
    );
    const warnings = scenario!.source.warnings.map(({ message }) => message).join('\n');
    expect(warnings).toMatch(/1m are 1 minutes/);
    expect(scenario!.budget).toMatchObject({ name: 'fast enough' });
    const slow = parse(SLOS.replace('op: gte', 'op: lte'));
    expect(slow.scenario!.source.warnings.map(({ message }) => message).join()).toMatch(/op "lte" would mean/);
  });

  it('says where a file that is not there, or no YAML, should be', () => {
    const gone = parseScenario(SCENARIO, 'base.yaml', {}, () => {
      throw Object.assign(new Error('gone'), { code: 'ENOENT' });
    });
    expect(gone.problems).toMatchObject([{ code: 'cannot_read', location: { file: 'base.yaml' } }]);
    for (const text of ['', 'a: [', '- 1', '\u0000', 'apiVersion: openslo/v1\nkind: SLO', 'kind: Pod', '&a [*a]'])
      expect(parse(text).problems.length).toBeGreaterThan(0);
  });
});

describe('SLOs of Sloth and Pyrra', () => {
  it('come the same way', () => {
    const sloth = `version: prometheus/v1
service: shop
slos:
  - name: good-checkouts
    objective: 99.9
    sli: { events: { error_query: bad, total_query: all } }
    alerting: { name: High }
`;
    const { scenario } = parse(sloth);
    expect(scenario?.slos).toMatchObject([{ name: 'good-checkouts', objective: '>= 99.9%', request: 'checkout' }]);
    expect(scenario?.budget?.objective).toBe(0.999);
    expect(scenario?.source.warnings[0]?.message).toBe('slos.yaml:7: alerts are not taken over');
    const pyrra = `apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: { name: quick }
spec: { target: '99', window: 2w, indicator: { latencyNative: { latency: 200ms, total: { metric: m } } } }
`;
    const quick = parse(pyrra).scenario;
    expect(quick?.slos).toMatchObject([{ name: 'quick', indicator: 'latency under 200ms', objective: '>= 99%' }]);
    expect(quick?.budget?.window).toBe(14 * 86_400_000);
    expect(parse(sloth.replace('99.9', '999')).problems).toMatchObject([{ code: 'bad_target', location: { line: 5 } }]);
  });
});
