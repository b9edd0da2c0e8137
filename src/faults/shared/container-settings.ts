import { z } from 'zod';
import { positiveDurationMs } from '../../support/unit-schemas.js';
import { processSelection } from './process-settings.js';

/** Settings that container faults have in common. */
export const containerSelection = {
  service: z.string().min(1).describe('The name of a service of the scenario that has a `container`'),
  count: processSelection.count.describe(
    'How many of its containers are hit, drawn with the seed; 1 unless said otherwise',
  ),
  share: processSelection.share.describe('The share of its containers that are hit, rounded down, at least one'),
  allowAll: processSelection.allowAll.describe(
    'May all containers of the service be hit? Without this, one always stays',
  ),
};

/** Who starts a container again that was ended: exactly one of these. */
export const containerWayBack = {
  comesBack: positiveDurationMs
    .optional()
    .describe('Somebody else starts it again within this time (an orchestrator); Plimsoll watches that they do'),
  startAfter: positiveDurationMs
    .optional()
    .describe(
      'Plimsoll starts it again after this time. An engine does not bring back by itself what was killed by order',
    ),
};

export const graceful = positiveDurationMs
  .default(10_000)
  .describe('How long it may take to end after SIGTERM; then the engine kills it. Whole seconds');
