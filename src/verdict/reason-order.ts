import type { Reason } from './judgement.js';

/**
 * What explains other reasons comes before them: a run that was stopped early has no arrival in its fault window, but "no
 * arrival: check the load" would send its reader the wrong way. Codes that are not named keep their place behind these.
 */
const CAUSES: readonly Reason['code'][] = [
  'stopped_early',
  'baseline_unhealthy',
  'generator_saturated',
  'fault_unconfirmed',
  'link_traffic_unverified',
];

/** Reasons with the root causes first; otherwise in their order. */
export function causesFirst(reasons: readonly Reason[]): Reason[] {
  const rank = ({ code }: Reason): number => (CAUSES.includes(code) ? CAUSES.indexOf(code) : CAUSES.length);
  return reasons.toSorted((a, b) => rank(a) - rank(b));
}
