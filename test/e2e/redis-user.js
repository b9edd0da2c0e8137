// A plain Node.js service that asks Redis once for each request.
// Usage: node redis-user.js <port> <port where it dials Redis>
import { createServer } from 'node:http';
import { connect } from 'node:net';

const [port, redisPort] = process.argv.slice(2).map(Number);
const waiting = [];
let redis;

function dial() {
  redis = connect(redisPort, '127.0.0.1');
  redis.on('data', (chunk) => {
    for (const _ of chunk.toString().matchAll(/\+PONG/g)) waiting.shift()?.(true);
  });
  redis.on('error', () => undefined);
  redis.on('close', () => {
    for (const settle of waiting.splice(0)) settle(false);
    setTimeout(dial, 100);
  });
}
dial();

createServer((_, response) => {
  waiting.push((good) => response.writeHead(good ? 200 : 502).end(good ? 'pong' : ''));
  redis.write('PING\r\n');
}).listen(port, '127.0.0.1');
