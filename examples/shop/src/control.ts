import { request } from 'undici';
import { loopback, PORTS } from './shared/settings.js';

/**
 * `node dist/control.js reload gateway`: a new process takes over from the running one, and no customer notices.
 * `node dist/control.js start order-1`: starts a process that has ended and was not brought back (there is a supervisor
 * for that, unless `SHOP_DEFECTS` says otherwise). Prints what the supervisor says; exit code 1 where it could not.
 */
const [order, name] = process.argv.slice(2);
if ((order !== 'reload' && order !== 'start') || name === undefined) {
  process.stderr.write('Usage: node dist/control.js reload|start <process>\n');
  process.exit(2);
}
try {
  const { statusCode, body } = await request(
    `http://${loopback(PORTS.supervisorOps)}/${order}/${encodeURIComponent(name)}`,
    { method: 'POST', headersTimeout: 15_000, bodyTimeout: 15_000 },
  );
  process.stdout.write(`${await body.text()}\n`);
  if (statusCode !== 200) process.exitCode = 1;
} catch (error) {
  process.stderr.write(
    `the supervisor does not answer on port ${PORTS.supervisorOps}: ${error instanceof Error ? error.message : 'no reason'}\n`,
  );
  process.exitCode = 1;
}
