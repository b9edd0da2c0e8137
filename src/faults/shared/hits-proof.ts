import type { Proof } from '../../record/proof.js';
import type { ToxicTraffic } from '../../targets/targets.js';

/** With so little chance that it is wrong, a harm that should have come by then counts as missing. */
const MISSED_BY_CHANCE = 1e-6;

/**
 * Judges a toxic that hits a share of something, by its own counters.
 *
 * @param tries of what the share is drawn: requests, chunks
 * @param words "were answered with 503"
 */
export function judgeHits(
  seen: ToxicTraffic,
  options: { share: number; tries: number; what: string; words: string },
): Proof | undefined {
  const { share, tries, what, words } = options;
  const hits = seen.hits ?? 0;
  const method = `${what} of real traffic, counted by the proxy`;
  const measured = { hits, [what]: tries, droppedBytes: seen.droppedBytes, closedConnections: seen.closedConnections };
  if (hits > 0) {
    return { status: 'confirmed', method, finding: `${hits} of ${tries} ${what} of real traffic ${words}`, measured };
  }
  if (tries === 0 || (1 - share) ** tries > MISSED_BY_CHANCE) return undefined;
  return { status: 'mismatch', method, finding: `none of ${tries} ${what} of real traffic ${words}`, measured };
}
