// Stands in front of the real Docker Engine, in a process of its own, and passes on what it is told. Argument: one JSON
// document.
//   listen   a socket's path, or a port on 127.0.0.1
//   tls      { key, cert, ca }: files; clients must show a certificate of that authority
//   rules    [{ path, method?, times?, delayMs?, status?, message? }]: the next requests whose path fits, the first `times`
//            of them, come to the engine so much later, also if nobody waits for the answer any more; or are answered
//            here, in the engine's place
// Prints `listening` once it does, and a line for each rule that was used.
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, request } from 'node:http';
import { createServer as createTlsServer } from 'node:tls';
import { createServer, connect } from 'node:net';

const { listen, tls, rules = [] } = JSON.parse(process.argv[2]);
const ENGINE = process.env.DOCKER_HOST?.replace(/^unix:\/\//, '') ?? '/var/run/docker.sock';

const server =
  rules.length > 0
    ? createHttpServer((asked, answer) => void byRules(asked, answer))
    : tls
      ? createTlsServer(certificates(), pass)
      : createServer(pass);
server.on('tlsClientError', () => undefined);
server.listen(...(typeof listen === 'string' ? [listen] : [listen, '127.0.0.1']), () => console.log('listening'));

function certificates() {
  const [key, cert, ca] = [tls.key, tls.cert, tls.ca].map((file) => readFileSync(file));
  return { key, cert, ca, requestCert: true, rejectUnauthorized: true };
}

/** Byte by byte. */
function pass(client) {
  const engine = connect(ENGINE);
  client.on('error', () => engine.destroy());
  engine.on('error', () => client.destroy());
  client.pipe(engine).pipe(client);
}

async function byRules(asked, answer) {
  const chunks = [];
  for await (const chunk of asked) chunks.push(chunk);
  const rule = rules.find(
    ({ path, method = 'POST', times = Infinity }) =>
      method === asked.method && new RegExp(path).test(asked.url) && times > 0,
  );
  if (rule) {
    rule.times = (rule.times ?? Infinity) - 1;
    console.log(`rule ${rule.path}`);
    if (rule.delayMs) await new Promise((resolve) => setTimeout(resolve, rule.delayMs));
    if (rule.status) {
      answer.writeHead(rule.status, { 'content-type': 'application/json' });
      answer.end(JSON.stringify({ message: rule.message }));
      return;
    }
  }
  const { method, url: path, headers } = asked;
  const passed = request({ socketPath: ENGINE, method, path, headers }, (answered) => {
    answer.writeHead(answered.statusCode, answered.headers);
    // Some answers have nothing to say for a long time.
    answer.flushHeaders();
    answered.pipe(answer);
    if (rule) console.log(`answered ${rule.path}`);
  });
  passed.on('error', () => answer.destroy());
  answer.on('error', () => undefined);
  passed.end(Buffer.concat(chunks));
}
