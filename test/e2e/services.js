// Two small services for end-to-end tests: a front over HTTP that asks a back through a link.
// Usage: node services.js <front port> <back port> <port where the front dials the back> [--never-ready] [--slow-stop]
// GET /count of the front tells how many requests it has answered, for comparison with the ledger.
import { Agent, createServer, request } from 'node:http';

const [frontPort, backPort, linkPort] = process.argv.slice(2, 5).map(Number);
const neverReady = process.argv.includes('--never-ready');
// Longer than anybody waits who has pressed Ctrl-C twice.
if (process.argv.includes('--slow-stop')) process.on('SIGTERM', () => setTimeout(() => process.exit(0), 20_000));
const agent = new Agent({ keepAlive: true, maxSockets: 50 });
let asked = 0;

createServer((_, response) => response.end('back')).listen(backPort, '127.0.0.1');

createServer((incoming, response) => {
  if (incoming.url === '/readyz') {
    response.writeHead(neverReady ? 503 : 200).end();
    return;
  }
  if (incoming.url === '/count') {
    response.end(JSON.stringify({ asked }));
    return;
  }
  asked++;
  if (incoming.url === '/alone') {
    response.end('front alone');
    return;
  }
  const outgoing = request({ host: '127.0.0.1', port: linkPort, path: '/', agent, timeout: 1000 }, (answer) => {
    answer.pipe(response);
  });
  outgoing.on('timeout', () => outgoing.destroy(new Error('late')));
  outgoing.on('error', () => {
    if (!response.headersSent) response.writeHead(502);
    response.end();
  });
  outgoing.end();
}).listen(frontPort, '127.0.0.1');
