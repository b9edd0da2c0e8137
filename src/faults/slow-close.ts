import { z } from 'zod';
import type { Proof } from '../record/proof.js';
import { formatMs } from '../support/units.js';
import { timeToClose } from '../targets/time-to-close.js';
import { defineFault } from './fault.js';
import { connectionShare, direction, link, toxicMs } from './shared/link-settings.js';
import { prepareToxic, type LinkEvidence } from './shared/link-toxic.js';
import { round } from './shared/samples.js';

const settings = z.strictObject({
  link,
  delay: toxicMs.describe('How long the end of a connection is held back'),
  direction,
  share: connectionShare,
});

export default defineFault({
  type: 'slow-close',
  title: 'Slow close',
  family: 'link',
  description:
    'The end of a connection arrives late, so that it lingers on the other side. ' +
    'It shows whether a service runs out of sockets or workers when its peers do not hang up, and whether it waits for a close where the answer was complete.',
  settings,
  duration: 'lasting',
  example: '- { type: slow-close, link: gateway-order, delay: 500ms }',
  refersTo: (given) => ({ links: [given.link], services: [] }),
  async prepare(given, context) {
    const { name, from, to } = context.targets.link(given.link).plan;
    return prepareToxic({
      context,
      link: given.link,
      orders: [
        {
          type: 'slow_close',
          stream: given.direction,
          toxicity: given.share,
          attributes: { delay: Math.round(given.delay) },
        },
      ],
      summary: `connections from ${from} to ${to} end ${formatMs(given.delay)} late (link ${name}, ${given.direction})`,
      needsCanary: false,
      measure: async (evidence) => measureClose(evidence, given.delay),
      judgeTraffic: ({ closedConnections, meanDelayMs }) =>
        closedConnections === 0 || meanDelayMs === null
          ? undefined
          : judge(
              meanDelayMs,
              given.delay,
              `ends of ${closedConnections} connections of real traffic, measured by the proxy`,
            ),
    });
  },
});

/** An end that takes longer than this is not waited for: the undo must not stand in a queue behind the proof. */
const LONGEST_WAIT_MS = 5000;

async function measureClose({ link, partial }: LinkEvidence, delayMs: number): Promise<Proof | undefined> {
  if (partial || delayMs > LONGEST_WAIT_MS) return undefined;
  const tookMs = await timeToClose(link.plan.via ?? link.plan.listen, delayMs + 2000);
  return tookMs === undefined
    ? undefined
    : judge(tookMs, delayMs, 'time from our end of a connection to that of the other side');
}

function judge(tookMs: number, delayMs: number, method: string): Proof {
  // Timers may fire a little early, and never much.
  const late = tookMs >= delayMs - 5;
  return {
    status: late ? 'confirmed' : 'mismatch',
    method,
    finding: `the end came after ${round(tookMs)} ms, ordered ${formatMs(delayMs)}`,
    measured: { closeMs: round(tookMs), orderedMs: delayMs },
  };
}
