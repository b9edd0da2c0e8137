import bandwidth from './bandwidth.js';
import latency from './latency.js';
import limitData from './limit-data.js';
import noop from './noop.js';
import resetPeer from './reset-peer.js';
import slicer from './slicer.js';
import slowClose from './slow-close.js';
import timeout from './timeout.js';
import type { ToxicDefinition } from './toxic.js';

const definitions: ToxicDefinition[] = [latency, bandwidth, slowClose, timeout, resetPeer, slicer, limitData, noop];

/** Every kind of toxic by its type, as the API names it. */
export const TOXIC_TYPES: ReadonlyMap<string, ToxicDefinition> = new Map(
  definitions.map((definition) => [definition.type, definition]),
);
