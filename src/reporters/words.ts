import type { RunResult } from '../result/schema.js';
import type { Colour } from './text.js';

export type SloResult = RunResult['slos'][number];
export type PartResult = SloResult['parts'][number];

/** How a verdict looks in text: the word and a sign, so that colour is never the only carrier. */
export const VERDICTS: Readonly<Record<RunResult['verdict'], { word: string; sign: string; colour: Colour }>> = {
  passed: { word: 'PASSED', sign: '✓', colour: 'green' },
  failed: { word: 'FAILED', sign: '✗', colour: 'red' },
  inconclusive: { word: 'INCONCLUSIVE', sign: '?', colour: 'yellow' },
  errored: { word: 'ERRORED', sign: '!', colour: 'magenta' },
  aborted: { word: 'ABORTED', sign: '■', colour: 'magenta' },
};

/** Why an SLO was not decided, or the sentence of its judgement. */
export function reasonOf(slo: SloResult): string {
  const reason = slo.reasons[0];
  return slo.verdict === 'inconclusive' && reason !== undefined ? reason.message : slo.sentence;
}
