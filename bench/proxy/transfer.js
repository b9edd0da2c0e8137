/** The client of `transfer` in origin.js: so many bytes up and down over one connection. */
import { connect } from 'node:net';

export const FILLER = Buffer.alloc(256 * 1024, 'x');
export const REQUEST_BYTES = 16;

/**
 * @param {number} port
 * @param {{ up: number, down: number }} bytes
 * @param {(bytes: number) => void} onBytes told of what comes down
 * @returns {Promise<void>} when the origin has got everything, and everything has come down
 */
export async function transfer(port, { up, down }, onBytes = () => undefined) {
  await new Promise((resolve, reject) => {
    let got = 0;
    let sent = 0;
    const socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      allowHalfOpen: true,
      // One buffer for all that comes: the load should cost as little as it can.
      onread: {
        buffer: Buffer.allocUnsafe(64 * 1024),
        callback(count) {
          got += count;
          onBytes(count);
          return true;
        },
      },
    });
    const send = () => {
      while (sent < up) {
        const block = up - sent >= FILLER.length ? FILLER : FILLER.subarray(0, up - sent);
        sent += block.length;
        if (!socket.write(block)) return;
      }
    };
    socket.on('error', reject).on('drain', send);
    socket.once('connect', () => {
      const request = Buffer.alloc(REQUEST_BYTES);
      request.writeBigUInt64LE(BigInt(up), 0);
      request.writeBigUInt64LE(BigInt(down), 8);
      socket.write(request);
      send();
    });
    socket.once('end', () => {
      socket.destroy();
      if (got === down) resolve();
      else reject(new Error(`${got} of ${down} bytes came down`));
    });
  });
}
