import type { ToxicDefinition } from './toxic.js';

/**
 * Drops all data. With `timeout` > 0 ms it closes the connection that long after the last chunk, start or update; with 0
 * and less it never closes by itself.
 */
export default {
  type: 'timeout',
  attributes: { timeout: 0 },
  closesWhenRemoved: true,
  behaviour({ timeout = 0 }, flow) {
    const rearm = (): void => {
      if (timeout > 0) flow.deadline(timeout, () => flow.close('toxic'));
    };
    return {
      begin: rearm,
      take(data) {
        flow.drop(data);
        rearm();
      },
    };
  },
} satisfies ToxicDefinition;
