import type { SloJudgement } from '../verdict/judgement.js';
import { formatDrift } from '../verdict/words.js';

/** What repeated trials say of an SLO, one line for each part that was judged on them: none for a run of one trial. */
export function trialTexts(slo: SloJudgement): string[] {
  return slo.parts.flatMap((part) => {
    if (!part.trials) return [];
    const { drifts, mean, heterogeneity, prediction } = part.trials;
    // A drift is counted in its bad direction; people read the change itself.
    const sign = slo.worse === 'down' ? -1 : 1;
    const show = (value: number | null): string => (value === null ? '?' : formatDrift(sign * value, part.unit));
    const range = (low: number | null, high: number | null): string =>
      (sign > 0 ? [low, high] : [high, low]).map(show).join(' to ');
    return [
      `${drifts.length} trials: ${drifts.map(({ drift }) => show(drift)).join(', ')}; mean ${show(mean.value)} (${range(mean.low, mean.high)}), ` +
        `${Math.round(heterogeneity * 100)} % of the variation is between trials; a single fault to come: ${range(prediction.low, prediction.high)}`,
    ];
  });
}
