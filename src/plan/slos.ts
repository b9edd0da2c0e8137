import { parseObjective, parseTolerance } from '../scenario/limit-text.js';
import type { SloDocument } from '../scenario/schema.js';
import { indicatorOf, indicatorText } from '../scenario/source-indicator.js';
import type { Parsed } from '../support/units.js';
import type { Slo } from '../verdict/slo.js';

/** An SLO as it is judged: texts parsed (they have been checked), defaults filled in. */
export function resolveSlo(slo: SloDocument): Slo {
  const indicator = sure(indicatorOf(slo));
  const tolerances = slo.tolerance === undefined ? [] : [slo.tolerance].flat();
  return {
    name: slo.name,
    indicator,
    indicatorText: indicatorText(slo),
    ...(slo.stream === undefined ? {} : { stream: slo.stream }),
    ...(slo.request === undefined ? {} : { request: slo.request }),
    severity: slo.severity,
    ...(slo.objective === undefined
      ? {}
      : {
          objective: { ...sure(parseObjective(slo.objective, indicator)), during: slo.during },
          objectiveText: slo.objective,
        }),
    tolerances: tolerances.map((text) => sure(parseTolerance(text, indicator))),
    ...(tolerances.length === 0 ? {} : { toleranceText: tolerances.join(slo.combine === 'any' ? ' or ' : ' and ') }),
    combine: slo.combine ?? 'all',
    ...(slo.recoverWithin === undefined ? {} : { recoverWithinS: slo.recoverWithin / 1000 }),
    direction: slo.direction,
    confidence: slo.confidence ?? 0.95,
    minClusterSize: slo.minClusterSize,
  };
}

function sure<T>(parsed: Parsed<T>): T {
  if (parsed.ok) return parsed.value;
  throw new Error(parsed.problem);
}
