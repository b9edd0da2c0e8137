import type { Canary } from '../canary.js';
import { exchange } from './exchange.js';
import { BadAnswer } from './failures.js';

const PINGREQ = Buffer.from([0xc0, 0x00]);

/** CONNECT (MQTT 3.1.1, clean session), then PINGREQ; the ping is timed. */
export const mqtt: Canary = {
  ask: async (at, _canary, signal, tell) => {
    let accepted = true;
    const connecting = {
      question: connectPacket(),
      complete(answer: Buffer) {
        if (answer[0] !== 0x20) throw new BadAnswer('the answer to CONNECT is not of the MQTT protocol');
        if (answer.length < 4) return false;
        accepted = answer[3] === 0;
        return true;
      },
    };
    const pinging = {
      question: PINGREQ,
      complete(answer: Buffer) {
        if (!accepted) throw new BadAnswer('the broker refused the connection');
        if (answer[0] !== 0xd0) throw new BadAnswer('the answer to PINGREQ is not PINGRESP');
        return answer.length >= 2;
      },
    };
    return exchange(at, signal, tell, connecting, pinging);
  },
};

function connectPacket(): Buffer {
  const clientId = Buffer.from(`plimsoll-${process.pid}-${Math.floor(performance.now() * 1000)}`);
  const body = Buffer.concat([
    Buffer.from([0x00, 0x04]),
    Buffer.from('MQTT'),
    Buffer.from([0x04, 0x02, 0x00, 0x3c]), // level 4, clean session, keep-alive 60 s
    Buffer.from([clientId.length >> 8, clientId.length & 0xff]),
    clientId,
  ]);
  return Buffer.concat([Buffer.from([0x10, body.length]), body]);
}
