import bandwidth from './bandwidth.js';
import failFirst from './fail-first.js';
import httpAbort from './http-abort.js';
import httpDelay from './http-delay.js';
import httpStatus from './http-status.js';
import latency from './latency.js';
import limitData from './limit-data.js';
import noop from './noop.js';
import packetLoss from './packet-loss.js';
import resetPeer from './reset-peer.js';
import slicer from './slicer.js';
import slowClose from './slow-close.js';
import timeout from './timeout.js';
import type { AnyToxicDefinition } from './toxic.js';

const ofToxiproxy: AnyToxicDefinition[] = [latency, bandwidth, slowClose, timeout, resetPeer, slicer, limitData, noop];
/** Toxiproxy 2.12.0 answers "invalid toxic type" to these. */
const ofOurs: AnyToxicDefinition[] = [packetLoss, failFirst, httpStatus, httpDelay, httpAbort];

/** Every kind of toxic by its type, as the API names it. */
export const TOXIC_TYPES: ReadonlyMap<string, AnyToxicDefinition> = new Map(
  [...ofToxiproxy, ...ofOurs].map((definition) => [definition.type, definition]),
);
