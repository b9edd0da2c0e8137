import { z } from 'zod';
import type { Steering } from './steering.js';

/** Who looks: an operator sees and does everything; the team of a blind game day sees no fault until it is revealed. */
export type Audience = 'operator' | 'team';

const Who = z.string().trim().max(60).default('someone');
const Fault = z.string().min(1).max(60);

/** What a page may send. */
export const Order = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('abort'), who: Who }),
  z.strictObject({ action: z.literal('inject'), who: Who, fault: Fault }),
  z.strictObject({ action: z.literal('lift'), who: Who, fault: Fault }),
  z.strictObject({ action: z.literal('hold'), who: Who }),
  z.strictObject({ action: z.literal('go'), who: Who }),
  z.strictObject({ action: z.literal('finish'), who: Who }),
  z.strictObject({ action: z.literal('reveal'), who: Who }),
  z.strictObject({
    action: z.literal('note'),
    who: Who,
    text: z.string().trim().min(1).max(1000),
    kind: z.enum(['detected', 'mitigated']).optional(),
  }),
]);
export type Order = z.infer<typeof Order>;

/** The team watches, writes, and can always stop everything; what is broken is not its to choose. */
const TEAM_MAY: readonly Order['action'][] = ['abort', 'note'];

export function mayOrder(audience: Audience, order: Order): boolean {
  return audience === 'operator' || TEAM_MAY.includes(order.action);
}

/** @throws PlimsollError of kind `usage` when the order makes no sense now. */
export function carryOut(order: Order, steering: Steering): void {
  const who = order.who === '' ? 'someone' : order.who;
  switch (order.action) {
    case 'inject':
    case 'lift':
      return steering[order.action](order.fault, who);
    case 'note':
      return steering.note(who, order.text, order.kind);
    default:
      return steering[order.action](who);
  }
}
