import type { Random } from '../random.js';
import { decimal, text, type Attributes } from '../toxics/attribute.js';
import { strikesLeft, type Toxic } from '../toxics/toxic.js';
import type { RequestHead } from './head.js';

/** Which requests an HTTP toxic hits: attributes that all of them have. */
export type Targeting = {
  /** Of the requests that match, so many are hit, drawn for each: 0 to 1. */
  probability: number;
  /** Only so many are hit, over all connections; 0: no limit. */
  first: number;
  /** As sent; '' is any. */
  method: string;
  /** What the target begins with; '' is any. */
  path: string;
};

export const targeting = { probability: decimal(1), first: 0, method: text(''), path: text('') } as const;

/** Why these can't work, or undefined. */
export function refuseTargeting({ probability, first, method, path }: Targeting): string | undefined {
  if (!(probability >= 0 && probability <= 1)) return `probability must be from 0 to 1, received ${probability}`;
  if (first < 0) return `first must not be negative, received ${first}`;
  if (!/^[A-Z-]*$/.test(method)) return `method must be in capitals, as GET, received ${JSON.stringify(method)}`;
  if (path !== '' && !/^[/*]/.test(path)) return `path must begin with "/", received ${JSON.stringify(path)}`;
  return undefined;
}

/** Decides about one request, and counts. */
export function isHit(toxic: Toxic, request: RequestHead, random: Random): boolean {
  const { probability, method, path } = toxic.attributes as Attributes & Targeting;
  if ((method !== '' && method !== request.method) || !pathOf(request.target).startsWith(path)) return false;
  toxic.seen.requests += 1;
  // Drawn in any case: the same seed hits the same requests, whatever the limit.
  const drawn = random() < probability;
  if (!drawn || strikesLeft(toxic) === 0) return false;
  toxic.seen.hits += 1;
  toxic.struck += 1;
  return true;
}

/** Clients of a proxy send the whole URL. */
function pathOf(target: string): string {
  return /^https?:\/\/[^/?#]*(.*)$/i.exec(target)?.[1] ?? target;
}
