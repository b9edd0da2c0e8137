import { share, sizeBytes } from '../../support/unit-schemas.js';
import { PlimsollError } from '../../support/errors.js';
import { formatBytes, formatRatio } from '../../support/units.js';

/** Two ways to say how much of something is taken: so much, or until so much of all is in use. */
export const amountSettings = (what: string, leastBytes: number) => ({
  size: sizeBytes
    .refine(
      (bytes) => bytes >= leastBytes,
      `must be at least ${formatBytes(leastBytes)}: less can not be told from nothing`,
    )
    .optional()
    .describe(`How much ${what} is taken`),
  upTo: share
    .refine((ratio) => ratio > 0 && ratio <= 0.95, 'must be above 0% and at most 95%: the last 5 % stay free')
    .optional()
    .describe(
      `Instead of \`size\`: so much is taken that this share of the ${what} is in use, with what others use already`,
    ),
});

export interface Amount {
  size?: number | undefined;
  upTo?: number | undefined;
}

/**
 * The bytes to take, checked against what may be taken.
 *
 * @param have what there is: the room above the reserve, how much a share would be, and where this is decided.
 * @throws PlimsollError `size_or_share`, `already_in_use`, `not_enough_room`
 */
export function bytesToTake(
  type: string,
  { size, upTo }: Amount,
  leastBytes: number,
  have: { roomBytes: number; where: string; upTo(share: number): number },
): number {
  if ((size === undefined) === (upTo === undefined)) {
    throw new PlimsollError({
      code: 'size_or_share',
      message: `${type} needs \`size\` or \`upTo\`, and not both`,
      hint: 'Write `size: 256MB` for so much, or `upTo: 80%` until so much is in use.',
      kind: 'usage',
    });
  }
  const bytes = Math.ceil(size ?? have.upTo(upTo ?? 0));
  if (bytes < leastBytes) {
    throw new PlimsollError({
      code: 'already_in_use',
      message: `${type} up to ${formatRatio(upTo ?? 0)} would take only ${formatBytes(Math.max(0, bytes))} of ${have.where}: others use that much already`,
      hint: 'Choose a higher `upTo`, or a `size`.',
      kind: 'usage',
    });
  }
  if (bytes <= have.roomBytes) return bytes;
  throw new PlimsollError({
    code: 'not_enough_room',
    message: `${type} would take ${formatBytes(bytes)}, but at most ${formatBytes(Math.max(0, have.roomBytes))} may be taken: the last 5 % of ${have.where} stay free`,
    hint: 'Take less, or make room.',
    kind: 'usage',
  });
}
