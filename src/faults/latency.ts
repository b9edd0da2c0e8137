import { z } from 'zod';
import type { Proof } from '../record/proof.js';
import { PlimsollError } from '../support/errors.js';
import { formatMs } from '../support/units.js';
import { durationMs } from '../support/unit-schemas.js';
import { defineFault } from './fault.js';
import { connectionShare, direction, link, toxicMs } from './shared/link-settings.js';
import { prepareToxic, type LinkEvidence } from './shared/link-toxic.js';
import { median, round, sample } from './shared/samples.js';

/** What a measured delay may differ from the ordered one beyond the jitter: timers, and the way through the proxy. */
const TOLERANCE_MS = 5;

const settings = z.strictObject({
  link,
  latency: toxicMs.describe('How much later everything arrives'),
  jitter: durationMs
    .default(0)
    .describe('The delay varies evenly by up to this much in both directions; at most `latency`'),
  direction,
  share: connectionShare,
});

export default defineFault({
  type: 'latency',
  title: 'Added latency',
  family: 'link',
  description:
    'Everything that crosses the link arrives later, as over a longer or busier network, or from a dependency that has become slow. ' +
    'It shows whether callers have time limits, whether a slow dependency fills their queues and connection pools, and whether retries make it worse.',
  settings,
  duration: 'lasting',
  example: '- { type: latency, link: order-payment, latency: 150ms, jitter: 10ms }',
  refersTo: (given) => ({ links: [given.link], services: [] }),
  async prepare(given, context) {
    const { plan } = context.targets.link(given.link);
    if (given.jitter > given.latency) {
      throw new PlimsollError({
        code: 'bad_setting',
        message: `latency: the jitter (${formatMs(given.jitter)}) is larger than the latency (${formatMs(given.latency)})`,
        hint: 'Nothing can arrive before it was sent: lower `jitter` or raise `latency`.',
        kind: 'usage',
      });
    }
    const who = given.direction === 'downstream' ? `${plan.to} answers` : `${plan.from} reaches ${plan.to}`;
    const howMuch =
      given.jitter > 0 ? `${formatMs(given.latency)} ± ${formatMs(given.jitter)}` : formatMs(given.latency);
    const onWhat = given.share < 1 ? ` on ${Math.round(given.share * 100)} % of the connections` : '';
    const limits: Limits = {
      // A short delay must still be told from none.
      lowMs: Math.max(given.latency - given.jitter - TOLERANCE_MS, given.latency / 4),
      highMs: given.latency + given.jitter + TOLERANCE_MS,
    };
    return prepareToxic({
      context,
      link: given.link,
      orders: [
        {
          type: 'latency',
          stream: given.direction,
          toxicity: given.share,
          attributes: { latency: Math.round(given.latency), jitter: Math.round(given.jitter) },
        },
      ],
      summary: `${who} ${howMuch} late${onWhat} (link ${plan.name}, ${given.direction})`,
      measure: async (evidence) => measureDelay(evidence, given.latency, limits, given.jitter > 0),
      judgeTraffic: ({ chunks, meanDelayMs }) =>
        // A mean that is too long may be a busy machine's, and come down.
        chunks === 0 || meanDelayMs === null || meanDelayMs > limits.highMs
          ? undefined
          : judge(
              meanDelayMs,
              given.latency,
              limits,
              `delay of ${chunks} chunks of real traffic, measured by the proxy`,
              { chunks },
            ),
    });
  },
});

interface Limits {
  lowMs: number;
  highMs: number;
}

/** Enough questions that a share of 30 % is hit by one with 99.9 % chance. */
const MOST_SAMPLES = 20;
/** A busy machine may be late with all answers of one round. */
const ROUNDS = 3;

/**
 * Delays of single questions against the fastest answer before. A busy machine makes an answer later, never earlier: so
 * one that lies within the limits shows the ordered delay, and none above the lower limit shows that it is missing.
 */
async function measureDelay(
  evidence: LinkEvidence,
  latencyMs: number,
  limits: Limits,
  jitters: boolean,
): Promise<Proof | undefined> {
  const { link, before, partial, signal } = evidence;
  const beforeMs = Math.min(...before.roundTripsMs);
  const delays: number[] = [];
  let hit: number[] = [];
  let within: number[] = [];
  for (let n = 0; n < ROUNDS && within.length === 0; n++) {
    const { roundTripsMs } = await sample(link, {
      count: partial ? MOST_SAMPLES : jitters ? 9 : 5,
      timeLimitMs: limits.highMs + beforeMs + 2000,
      budgetMs: 700,
      signal,
    });
    delays.push(...roundTripsMs.map((ms) => ms - beforeMs));
    hit = delays.filter((ms) => !partial || ms >= limits.lowMs);
    within = hit.filter((ms) => ms >= limits.lowMs && ms <= limits.highMs);
  }
  // None of the connections drawn, or none answered: no evidence for or against.
  if (hit.length === 0) return undefined;
  return judge(
    median(within.length > 0 ? within : hit),
    latencyMs,
    limits,
    `${link.plan.protocol} canary through the link, before and after`,
    {
      beforeMs: round(beforeMs),
      samples: delays.length,
      samplesHit: hit.length,
    },
  );
}

function judge(
  delayMs: number,
  latencyMs: number,
  limits: Limits,
  method: string,
  more: Record<string, number>,
): Proof {
  const fits = delayMs >= limits.lowMs && delayMs <= limits.highMs;
  return {
    status: fits ? 'confirmed' : 'mismatch',
    method,
    finding: `measured ${round(delayMs)} ms more than before, ordered ${round(latencyMs)} ms (accepted: ${round(limits.lowMs)} to ${round(limits.highMs)} ms)`,
    measured: { delayMs: round(delayMs), orderedMs: latencyMs, ...more },
  };
}
