import type { Ending } from './toxic.js';

/** The first is the default. */
export const ENDINGS: readonly [Ending, ...Ending[]] = ['reset', 'close'];

export function refuseEnding(ending: string): string | undefined {
  if (ENDINGS.some((known) => known === ending)) return undefined;
  return `ending must be ${ENDINGS.join(' or ')}, received ${JSON.stringify(ending)}`;
}
