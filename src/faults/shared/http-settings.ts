import { z } from 'zod';
import type { LinkTarget, ToxicAttribute } from '../../targets/targets.js';
import { PlimsollError } from '../../support/errors.js';
import { share } from '../../support/unit-schemas.js';

/** Settings that faults on HTTP requests have in common. */
export const httpTargeting = {
  requestShare: share
    .refine((ratio) => ratio > 0, 'must be above 0%: a fault that hits no request is none')
    .default(1)
    .describe('The share of requests that are hit, drawn for each request; all unless said otherwise'),
  first: z
    .int('expected a whole number')
    .min(1)
    .optional()
    .describe(
      'Only so many requests are hit, counted over all connections; then everything passes. Without it: no limit',
    ),
  method: z
    .string()
    .regex(/^[A-Z-]+$/, 'must be in capitals, as GET')
    .optional()
    .describe('Only requests with this method; any unless said otherwise'),
  path: z
    .string()
    .regex(/^\//, 'must begin with "/"')
    .optional()
    .describe('Only requests whose path begins so; any unless said otherwise'),
};

export interface HttpTargeting {
  requestShare: number;
  first?: number | undefined;
  method?: string | undefined;
  path?: string | undefined;
}

export function targetingAttributes(given: HttpTargeting): Record<string, ToxicAttribute> {
  return {
    probability: given.requestShare,
    first: given.first ?? 0,
    method: given.method ?? '',
    path: given.path ?? '',
  };
}

/** "30 % of GET /items… requests", "the first 5 requests". */
export function targetingWords(given: HttpTargeting): string {
  const share = given.requestShare < 1 ? `${Math.round(given.requestShare * 1000) / 10} % of ` : '';
  const first = given.first === undefined ? '' : `the first ${given.first} `;
  const which = [given.method, given.path === undefined ? undefined : `${given.path}…`].filter(
    (part) => part !== undefined,
  );
  return `${first}${first === '' || share === '' ? share : `(${share}all) `}${which.length > 0 ? `${which.join(' ')} ` : ''}requests`;
}

/**
 * Does the canary meet the fault as the system's requests do? One that would use up the limited number of hits must not be
 * asked.
 */
export function canaryIsHit({ plan }: LinkTarget, given: HttpTargeting): boolean {
  return (
    given.first === undefined &&
    (given.method ?? 'GET') === 'GET' &&
    (plan.canary?.path ?? '/').startsWith(given.path ?? '') &&
    plan.protocol === 'http'
  );
}

/** @throws PlimsollError `needs_plimsoll_proxy` on a real Toxiproxy */
export function requirePlimsollProxy({ isPlimsollProxy, api, plan }: LinkTarget, type: string): void {
  if (isPlimsollProxy) return;
  throw new PlimsollError({
    code: 'needs_plimsoll_proxy',
    message: `${type}: the Toxiproxy server ${api} of link ${plan.name} has no such toxic`,
    hint: 'Run `plimsoll proxy` in its place, or leave `system.toxiproxy` out: a run then starts a proxy for its links.',
    kind: 'usage',
  });
}

/** @throws PlimsollError also where the link does not speak plain HTTP/1.1 */
export function requireHttp(link: LinkTarget, type: string): void {
  requirePlimsollProxy(link, type);
  const { protocol, name } = link.plan;
  if (protocol === 'http' || protocol === 'tcp') return;
  throw new PlimsollError({
    code: 'not_http',
    message: `${type}: link ${name} speaks ${protocol}, and this fault understands plain HTTP/1.1 only`,
    hint: 'Use a fault on connections, such as `latency` or `reset-peer`, or a link with `protocol: http`.',
    kind: 'usage',
  });
}
