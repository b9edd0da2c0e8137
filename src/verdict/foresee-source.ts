import type { Foresight } from './power.js';
import { leastArrivals } from './quantile.js';
import { leastWithoutErrors } from './sample-size.js';
import type { Indicator, Slo } from './slo.js';
import { normalUpper } from './special.js';

type Elsewhere = Extract<Indicator, { source: string }>;

/** What can be said beforehand of an SLO on an indicator from elsewhere: how much it needs, not how much there will be. */
export function foreseeSource(slo: Slo, indicator: Elsewhere): Foresight[] {
  const parts = [...(slo.objective ? ['objective'] : []), ...slo.tolerances.map(() => 'tolerance')];
  const { needed, sentence } = needOf(slo, indicator);
  return parts.map((part) => ({
    slo: slo.name,
    part,
    planned: 0,
    needed,
    smallestTolerance: 'unknown',
    passChance: null,
    sentence: `${slo.name}: ${sentence}`,
  }));
}

function needOf(slo: Slo, indicator: Elsewhere): { needed: number | null; sentence: string } {
  const alpha = 1 - slo.confidence;
  switch (indicator.type) {
    case 'prometheus': {
      if (indicator.take !== 'percentile')
        return {
          needed: null,
          sentence:
            'how surely the mean of these values can be told depends on how much they vary, which only a run shows',
        };
      const needed = leastArrivals(indicator.quantile, normalUpper(alpha), 1);
      return {
        needed,
        sentence: `this percentile needs ${needed} observations a window; how many the histogram gets only a run shows`,
      };
    }
    case 'log': {
      const { objective } = slo;
      if (indicator.take === 'rate' || !objective)
        return { needed: null, sentence: 'how many lines there will be, only a run shows' };
      const room = objective.op === '>=' ? 1 - objective.value : objective.value;
      if (room <= 0)
        return {
          needed: null,
          sentence: 'a share of 100 % can be broken, but no number of lines can prove that it holds',
        };
      const needed = Math.ceil(leastWithoutErrors(room, alpha));
      return {
        needed,
        sentence: `the share needs ${needed} lines a window without a miss; how many there will be only a run shows`,
      };
    }
    case 'exit':
      return { needed: 1, sentence: 'each process that is asked to end is judged on its own; one is enough' };
  }
}
