import type { Canary } from '../canary.js';
import { exchange } from './exchange.js';
import { BadAnswer } from './failures.js';

const PING = Buffer.from('*1\r\n$4\r\nPING\r\n');

/** PING. `+PONG` is the answer; `-NOAUTH …` is one too: the link carried it there and back. */
export const redis: Canary = {
  ask: async (at, _canary, signal, tell) =>
    exchange(at, signal, tell, {
      question: PING,
      complete(answer) {
        if (answer[0] !== 0x2b && answer[0] !== 0x2d)
          throw new BadAnswer('the answer to PING is not of the Redis protocol');
        return answer.includes('\r\n');
      },
    }),
};
