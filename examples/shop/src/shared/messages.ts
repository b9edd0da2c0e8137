import { z } from 'zod';

/** An order on its way from order to settlement. */
export const Order = z.object({
  id: z.string().regex(/^[A-Za-z0-9_-]{8,64}$/),
  sku: z.string().min(1).max(64),
  quantity: z.number().int().min(1).max(100),
  /** `traceparent` of the customer's request. */
  trace: z.string(),
});
export type Order = z.infer<typeof Order>;

/** payment → settlement. */
export const PAID_TOPIC = 'orders/paid';
export const PaidMessage = z.object({ orders: z.array(Order.extend({ amountCents: z.number().int() })) });
export type PaidOrder = z.infer<typeof PaidMessage>['orders'][number];

/** settlement → payment: these need not be sent again. */
export const SETTLED_TOPIC = 'orders/settled';
export const SettledMessage = z.object({ ids: z.array(z.string()) });
