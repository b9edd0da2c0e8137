import type { IndicatorDefinition } from './indicator.js';

/**
 * A metric that the system exports itself, read every second while the run goes on: from a service's own page, or by a
 * query from a Prometheus. A percentile comes from the histogram's buckets and is judged as a latency is; a gauge, a
 * query and a counter's rate are judged by the mean of their values.
 */
const prometheus: IndicatorDefinition<'prometheus'> = {
  type: 'prometheus',
  title: 'A metric',
  unit: 'number',
  tolerances: ['points', 'relative', 'seconds'],
  measure(indicator, objective) {
    if (indicator.take === 'percentile')
      return { kind: 'quantile', q: indicator.quantile, population: 'all', source: 'histograms' };
    const worse = (objective ? objective.op === '<=' : indicator.better === 'lower') ? 1 : -1;
    const { unit, everyS } = indicator;
    return { kind: 'values', take: indicator.take === 'rate' ? 'counters' : 'value', unit, worse, everyS };
  },
};
export default prometheus;
