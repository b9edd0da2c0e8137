import type { SourceReading, SourceRecord } from '../verdict/sources/source.js';
import { stretchesOf, type Window } from './windows.js';

/**
 * A window of several stretches as judging sees it: laid end to end from the first one's start. Rates and batches then
 * count only time in which the window was open.
 *
 * @returns its end, and where a moment of one of its stretches lies; both microseconds from t0
 */
export function joinedClock(window: Window): { endUs: number; at: (us: number) => number } {
  const parts = stretchesOf(window);
  const length = parts.reduce((sum, { startUs, endUs }) => sum + endUs - startUs, 0);
  return {
    endUs: window.startUs + length,
    at(us) {
      let before = window.startUs;
      for (const { startUs, endUs } of parts) {
        if (us < endUs) return before + Math.max(0, us - startUs);
        before += endUs - startUs;
      }
      return before;
    },
  };
}

/**
 * What was read of the system, on the same clock: readings between two stretches are left out, and in their place stands
 * one without figures, so that nothing that grew meanwhile is taken for the window's.
 */
export function joinedSources(
  sources: Readonly<Record<string, SourceRecord>>,
  window: Window,
): Readonly<Record<string, SourceRecord>> {
  const { parts } = window;
  if (!parts) return sources;
  const { at } = joinedClock(window);
  const isOutside = (us: number): boolean => us < window.startUs || us >= window.endUs;
  const kept = <T extends { atUs: number }>(list: readonly T[]): T[] =>
    list
      .filter(({ atUs }) => isOutside(atUs) || parts.some(({ startUs, endUs }) => atUs >= startUs && atUs < endUs))
      .map((item) => (isOutside(item.atUs) ? item : { ...item, atUs: at(item.atUs) }));
  const seams = parts.slice(1).map(({ startUs }): SourceReading => ({
    kind: 'trouble',
    code: 'missing',
    message: 'no fault was active',
    atUs: at(startUs),
  }));
  return Object.fromEntries(
    Object.entries(sources).map(([name, { readings, exits }]) => {
      // A seam comes before the first reading of its stretch, also where both are at the same moment.
      const sorted = [...seams, ...kept(readings)].sort((a, b) => a.atUs - b.atUs);
      return [name, { readings: sorted, exits: kept(exits) }];
    }),
  );
}
