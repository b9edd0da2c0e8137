import { z } from 'zod';
import type { Proof } from '../record/proof.js';
import type { LinkTarget } from '../targets/targets.js';
import { systemClock } from '../support/clock.js';
import { bytesPerSecond } from '../support/unit-schemas.js';
import { formatBytes } from '../support/units.js';
import { defineFault } from './fault.js';
import { connectionShare, direction, link } from './shared/link-settings.js';
import { prepareToxic } from './shared/link-toxic.js';

const settings = z.strictObject({
  link,
  rate: bytesPerSecond
    .refine(
      (rate) => rate >= 1000,
      'must be at least 1KB/s: at 0 nothing would pass at all, which is the fault `timeout`',
    )
    .refine(
      (rate) => rate % 1000 === 0,
      'must be whole kilobytes per second (1 KB = 1000 bytes), as Toxiproxy counts them',
    )
    .refine((rate) => rate <= 1e12, 'must be at most 1000GB/s')
    .describe('How much each connection may carry in this direction'),
  direction,
  share: connectionShare,
});

export default defineFault({
  type: 'bandwidth',
  title: 'Limited bandwidth',
  family: 'link',
  description:
    'Each connection over the link carries no more than a given rate, as over a congested uplink or a throttled network interface. ' +
    'It shows whether large answers run into time limits, and whether a slow reader holds up workers and memory of the service that writes.',
  settings,
  duration: 'lasting',
  example: '- { type: bandwidth, link: client-gateway, rate: 64KB/s }',
  refersTo: (given) => ({ links: [given.link], services: [] }),
  async prepare(given, context) {
    const target = context.targets.link(given.link);
    const { name, from, to } = target.plan;
    const what = given.direction === 'downstream' ? `answers of ${to}` : `what ${from} sends to ${to}`;
    return prepareToxic({
      context,
      link: given.link,
      orders: [
        { type: 'bandwidth', stream: given.direction, toxicity: given.share, attributes: { rate: given.rate / 1000 } },
      ],
      summary: `${what} pass at no more than ${formatBytes(given.rate)}/s per connection (link ${name}, ${given.direction})`,
      needsCanary: false,
      // A small question is as fast as ever; only the system's own traffic shows a rate.
      measure: async ({ signal }) => measureRate(target, given, context.id, signal),
    });
  },
});

const WINDOW_MS = 1000;
/** What may leave at once when a connection starts or a chunk ends: a tenth of a second's worth, and the timer's error. */
const BURST_S = 0.2;

async function measureRate(
  link: LinkTarget,
  given: { rate: number; direction: 'upstream' | 'downstream'; share: number },
  faultId: string,
  signal: AbortSignal,
): Promise<Proof | undefined> {
  const before = await link.traffic();
  if (!before) return undefined;
  const beganUs = systemClock.nowUs();
  await systemClock.sleep(WINDOW_MS, signal);
  const after = await link.traffic();
  if (!after) return undefined;
  const seconds = (systemClock.nowUs() - beganUs) / 1e6;
  const key = given.direction === 'downstream' ? 'downstreamBytes' : 'upstreamBytes';
  const bytes = after[key] - before[key];
  // Idle kept-open connections count too, so the limit is generous; it still tells an unlimited link from a limited one.
  const connections = before.connectionsOpen + Math.max(0, after.connectionsTotal - before.connectionsTotal);
  const acted = Object.entries(after.toxics).some(([name, seen]) => name.endsWith(`-${faultId}`) && seen.chunks > 0);
  if (bytes === 0 || connections === 0 || !acted || given.share < 1) return undefined;
  const limit = connections * given.rate * (seconds + BURST_S) * 1.05;
  return {
    status: bytes <= limit ? 'confirmed' : 'mismatch',
    method: 'bytes of real traffic, counted by the proxy for a second',
    finding: `${formatBytes(bytes / seconds)}/s over ${connections} connections; ordered: at most ${formatBytes(given.rate)}/s each`,
    measured: { bytesPerSecond: Math.round(bytes / seconds), connections, orderedBytesPerSecond: given.rate },
  };
}
