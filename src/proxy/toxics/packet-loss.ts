import { decimal } from './attribute.js';
import type { ToxicDefinition } from './toxic.js';

type PacketLoss = { loss_rate: number; correlation: number };

/**
 * Drops whole chunks by chance: `loss_rate` of them, and `correlation` more right after a dropped one. TCP would send a
 * lost packet again; here it is gone, so the receiver sees a stream with holes. As in the original's development version:
 * values out of 0 to 1 count as the nearer end.
 */
export default {
  type: 'packet_loss',
  attributes: { loss_rate: decimal(0), correlation: decimal(0) },
  showsHits: true,
  behaviour: ({ loss_rate: lossRate, correlation }, flow) => ({
    take(data, readAtMs) {
      const chance = clamp(lossRate) + (flow.memory.lastWasDropped ? clamp(correlation) : 0);
      flow.memory.lastWasDropped = flow.random() < chance;
      if (flow.memory.lastWasDropped) flow.drop(data);
      else flow.send(data, readAtMs);
    },
  }),
} satisfies ToxicDefinition<PacketLoss>;

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
