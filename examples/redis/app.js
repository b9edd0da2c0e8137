// A counter of visits that keeps its figures in Redis: writes go to the primary, reads too, and to the replica where the
// primary does not answer in time. It speaks Redis's protocol itself, so that the example needs nothing but Node.js.
// Usage: node app.js <port> <port of the primary> <port of the replica>
//   POST /visits/<page>   counts one: 200, or 503 at once when the primary does not take it in time
//   GET /visits/<page>    how many: 200, with the header `stale: yes` where the replica said it
//   GET /readyz           200 when both answer
//   GET /audit            {"acknowledged": 120, "lost": 0}: every visit that was answered with 200 must be in Redis
import { createServer } from 'node:http';
import { connect } from 'node:net';

const [port, primaryPort, replicaPort] = process.argv.slice(2).map(Number);
/** Shorter than what callers wait, so that there is time for the replica. */
const DEADLINE_MS = 150;

/** One connection. Answers come in the order of the questions: one that is late makes all behind it useless. */
class Redis {
  #waiting = [];
  #received = '';
  #socket;

  constructor(redisPort) {
    this.port = redisPort;
    this.#dial();
  }

  /** Rejects when there is no answer in time. */
  ask(...words) {
    return new Promise((resolve, reject) => {
      if (this.#socket.readyState !== 'open') return reject(new Error('not connected'));
      const timer = setTimeout(() => this.#socket.destroy(), DEADLINE_MS);
      this.#waiting.push((error, answer) => {
        clearTimeout(timer);
        if (error) reject(error);
        else resolve(answer);
      });
      this.#socket.write(`${words.join(' ')}\r\n`);
    });
  }

  #dial() {
    this.#received = '';
    this.#socket = connect(this.port, '127.0.0.1');
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk) => this.#read(chunk.toString('latin1')));
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => {
      for (const settle of this.#waiting.splice(0)) settle(new Error('no answer'));
      setTimeout(() => this.#dial(), 50);
    });
  }

  /** `:7` and `+PONG`, `-ERR …`, and `$1`, then a line with the text. */
  #read(text) {
    this.#received += text;
    for (;;) {
      const answer = /^(?:\$-1|\$\d+\r\n(.*)|[:+](.*)|-(.*))\r\n/.exec(this.#received);
      if (!answer) return;
      this.#received = this.#received.slice(answer[0].length);
      const [, long, short, error] = answer;
      this.#waiting.shift()?.(error === undefined ? undefined : new Error(error), long ?? short ?? '0');
    }
  }
}

const primary = new Redis(primaryPort);
const replica = new Redis(replicaPort);
/** By page, the highest figure that a caller was told. */
const told = new Map();
let acknowledged = 0;

createServer(async (request, response) => {
  const answer = (status, body, headers = {}) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  const page = /^\/visits\/(\w+)$/.exec(request.url ?? '')?.[1];
  request.resume();
  try {
    if (request.url === '/readyz') {
      await Promise.all([primary.ask('PING'), replica.ask('PING')]);
      answer(200, { ready: true });
    } else if (request.url === '/audit') {
      let lost = 0;
      for (const [name, figure] of told) lost += Math.max(0, figure - Number(await primary.ask('GET', name)));
      answer(200, { acknowledged, lost });
    } else if (page && request.method === 'POST') {
      const figure = Number(await primary.ask('INCR', page));
      told.set(page, Math.max(figure, told.get(page) ?? 0));
      acknowledged++;
      answer(200, { visits: figure });
    } else if (page) {
      const fresh = await primary.ask('GET', page).catch(() => undefined);
      if (fresh !== undefined) answer(200, { visits: Number(fresh) });
      else answer(200, { visits: Number(await replica.ask('GET', page)) }, { stale: 'yes' });
    } else answer(404, {});
  } catch (error) {
    answer(503, { error: error.message }, { 'retry-after': '1' });
  }
}).listen(port, '127.0.0.1');
