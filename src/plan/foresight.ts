import type { Plan } from './plan.js';

type Foresight = Plan['power'][number];

/** Is it sure before the run that this part cannot pass, or cannot be told? Not for want of luck, but of arrivals. */
export function cannotDecide({ planned, needed, passChance }: Foresight): boolean {
  if (planned === 0 || needed === null || planned >= needed) return false;
  return passChance === null || passChance < 0.01;
}

/** A line of the plan: what is needed and planned, the chance to pass, and what could be certified instead. */
export function foresightLine({ sentence, passChance, smallestTolerance, part }: Foresight): string {
  const chance = passChance === null ? [] : [`chance to pass if nothing is wrong: ${Math.round(passChance * 100)} %`];
  const smallest =
    part === 'tolerance' && !/^(unknown|none)/.test(smallestTolerance)
      ? [`smallest tolerance that could pass: ${smallestTolerance}`]
      : [];
  return [sentence, ...chance, ...smallest].join('; ');
}
