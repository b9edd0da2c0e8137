import type { ToxicDefinition } from './toxic.js';

/**
 * Waits for the first chunk or the end of the stream, discards it, waits `timeout` ms and closes both sides with RST. A
 * connection that is older than the toxic ends with FIN.
 */
export default {
  type: 'reset_peer',
  attributes: { timeout: 0 },
  resetsConnections: true,
  behaviour({ timeout = 0 }, flow) {
    const reset = (): void => flow.wait(timeout, undefined, () => flow.close('toxic'));
    return {
      take(data) {
        flow.drop(data);
        reset();
      },
      end: reset,
    };
  },
} satisfies ToxicDefinition;
