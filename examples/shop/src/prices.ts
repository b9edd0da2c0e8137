import { request } from 'undici';
import { loopback, PORTS } from './shared/settings.js';

/**
 * Which price rule is at work? `node dist/prices.js` prints
 * `{"plugin":"list-price","version":"2.0.0","initialisations":1,"refused":0}`. `node dist/prices.js load weekend` tells
 * payment to load another one, and prints what it said; a refusal is an answer, too. Exit code 1 where there is none.
 */
const [order, plugin] = process.argv.slice(2);
if (order !== undefined && (order !== 'load' || plugin === undefined)) {
  process.stderr.write('Usage: node dist/prices.js [load <plug-in>]\n');
  process.exit(2);
}
const limits = { headersTimeout: 5_000, bodyTimeout: 5_000 };
const url = `http://${loopback(PORTS.paymentOps)}`;
try {
  const { body } =
    plugin === undefined
      ? await request(`${url}/prices`, limits)
      : await request(`${url}/plugins/${plugin}`, { method: 'POST', ...limits });
  process.stdout.write(`${await body.text()}\n`);
} catch (error) {
  process.stderr.write(
    `payment does not answer on port ${PORTS.paymentOps}: ${error instanceof Error ? error.message : 'no reason'}\n`,
  );
  process.exit(1);
}
