import { mkdirSync } from 'node:fs';
import { z } from 'zod';

/**
 * The address that every service listens on: loopback, so that nobody else reaches the shop. In a container it must be
 * another one, or the other containers don't reach it either.
 */
export const LISTEN_HOST = process.env['SHOP_LISTEN_HOST'] || '127.0.0.1';

/** The ports that the shop listens on: `SHOP_PORT_BASE` (default 7000) plus these. */
export const PORTS = {
  gateway: portOf(80),
  orders: [portOf(201), portOf(202)],
  payment: portOf(203),
  broker: portOf(204),
  /** Services that do not speak HTTP offer /healthz, /readyz and /metrics on a port of their own. */
  paymentOps: portOf(213),
  brokerOps: portOf(214),
  settlementOps: portOf(215),
  /** The supervisor's: reload and start processes. */
  supervisorOps: portOf(216),
} as const;

/** The connections between services that a proxy may stand in: where it would listen, and what is behind it. */
export const LINKS = {
  'client-gateway': { listen: portOf(380), upstream: PORTS.gateway },
  'gateway-order-1': { listen: portOf(301), upstream: portOf(201) },
  'gateway-order-2': { listen: portOf(302), upstream: portOf(202) },
  'order-payment': { listen: portOf(303), upstream: PORTS.payment },
  'payment-broker': { listen: portOf(304), upstream: PORTS.broker },
  'settlement-broker': { listen: portOf(305), upstream: PORTS.broker },
} as const;
export type LinkName = keyof typeof LINKS;

export function loopback(port: number): string {
  return `127.0.0.1:${port}`;
}

/** A `host:port` from the environment, or the default. */
export function addressFrom(variable: string, fallback: string): string {
  return Address.parse(process.env[variable] ?? fallback, { error: () => `${variable} must be host:port` });
}

/** The folder of the journals. The supervisor makes a fresh one for each start and names it in `SHOP_DATA`. */
export function dataFolder(): string {
  const folder = z
    .string({ error: 'SHOP_DATA must name a folder for the journals' })
    .min(1)
    .parse(process.env['SHOP_DATA']);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** How often the supervisor has started this process: 1 for its first life. */
export function lifeNumber(): number {
  return Number(process.env['SHOP_LIFE'] ?? '1');
}

/** Which replica of its service this process is, from 1. Plimsoll counts those that it runs itself from 0. */
export function replicaNumber(): number {
  return z.coerce
    .number()
    .int()
    .min(1)
    .max(PORTS.orders.length)
    .parse(process.env['SHOP_REPLICA'] ?? Number(process.env['PLIMSOLL_REPLICA'] ?? '0') + 1, {
      error: () => `SHOP_REPLICA must be 1 to ${PORTS.orders.length}`,
    });
}

const Address = z.string().regex(/^[^\s:]+:\d{1,5}$/);

function portOf(offset: number): number {
  const base = z.coerce
    .number()
    .int()
    .min(1_024)
    .max(65_000)
    .safeParse(process.env['SHOP_PORT_BASE'] ?? '7000');
  if (!base.success) {
    throw new Error(
      `SHOP_PORT_BASE is "${process.env['SHOP_PORT_BASE']}"; it must be a whole number from 1024 to 65000`,
    );
  }
  return base.data + offset;
}
