import { randomUUID } from 'node:crypto';

/** Follows one customer's action through HTTP, gRPC and MQTT (W3C Trace Context). */
export interface Trace {
  /** 32 hex digits. */
  id: string;
  /** The `traceparent` to send on. */
  parent: string;
}

/** Continues the caller's trace, or begins one where there is none or a malformed one. */
export function continueTrace(traceparent: unknown): Trace {
  const caller = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent) : null;
  const id = caller?.[1] ?? hex();
  return { id, parent: `00-${id}-${hex().slice(0, 16)}-${caller?.[2] ?? '01'}` };
}

const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})$/;

function hex(): string {
  return randomUUID().replaceAll('-', '');
}
