import type { Evidence } from '../evidence/evidence.js';
import { healthInWords } from '../health.js';
import { gatherEvidence } from '../evidence/gather.js';
import { BAD_RUN, GOOD_RUN } from '../recovery.js';
import { observeRecovery, originOf } from '../recovery-part.js';
import type { TrialSlice } from '../recovery-trials.js';
import type { EvidenceOptions } from '../evidence/evidence.js';
import { comparison } from './intervals.js';
import { computed, counted, num, type Chapter } from './step.js';

/** How the time to recover was read off the timeline, in one trial. */
export function recoveryChapter(slice: TrialSlice, options: EvidenceOptions & { limitS: number; of: number }): Chapter {
  const { slo, limitS, of } = options;
  const { input, windows, trial } = slice;
  const title = of > 1 ? `Recovery in trial ${trial}` : 'Recovery';
  const origin = originOf(input, windows);
  if ('blocker' in origin)
    return { title, words: `The clock has no start: ${origin.blocker.reason.message}.`, lists: [], steps: [] };
  const evidence: Evidence = gatherEvidence(windows, options);
  const { health, widthS, buckets, recovery } = observeRecovery(input, windows, evidence, {
    slo,
    limitS,
    originUs: origin.us,
  });
  const run = buckets.isBad.map((bad) => (bad ? 'bad' : 'good'));
  const { seconds } = recovery;
  const counts = buckets.counts;
  return {
    title,
    words:
      `The clock starts ${origin.after === 'undo' ? 'when the undo was proven' : 'when the last injection was ordered'}. Time goes in buckets of ${num(widthS)} s, by when an arrival was due; ${healthInWords(health, slo)}, and a bucket without an arrival is bad. ` +
      `Recovered is the start of the first ${GOOD_RUN} good buckets in a row; ${BAD_RUN} bad ones in a row after that are a relapse, and the time counts to its end. Health may have come back anywhere in the bucket before, so only what is later than the limit by a whole bucket is failed.`,
    lists: [
      ...(counts
        ? [
            { name: 'x_b', means: 'bad arrivals in each bucket', values: [...counts.x] },
            { name: 'n_b', means: 'arrivals in each bucket', values: [...counts.n] },
          ]
        : []),
      { name: 'bucket', means: 'from the start of the clock on', values: run },
    ],
    steps: [
      counted('t₀', 'start of the clock, seconds of the run', origin.us / 1e6),
      counted('w', 'width of a bucket, seconds', widthS),
      ...(health.kind === 'share' ? [counted('limit', 'a bucket is bad above this share', health.limit)] : []),
      ...(seconds === null
        ? [counted('T', 'seconds observed, without a recovery', recovery.observedS)]
        : [
            computed(
              'T',
              'seconds to recover',
              'first bucket of the good run * w',
              `${Math.round(seconds / widthS)} * ${num(widthS)}`,
              seconds,
            ),
          ]),
      counted('relapses', 'how often it went bad again', recovery.relapses),
      counted('R', 'limit, seconds', limitS),
      ...(seconds === null
        ? [
            comparison(
              'T − (R + 5 w)',
              '0 or more: failed; below: too early to tell',
              recovery.observedS,
              limitS + GOOD_RUN * widthS,
            ),
          ]
        : [
            comparison('T − R', 'not above 0: passed', seconds, limitS),
            comparison('T − w − R', 'above 0: failed', seconds - widthS, limitS),
          ]),
    ],
  };
}
