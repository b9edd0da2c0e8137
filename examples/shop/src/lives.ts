import { request } from 'undici';
import { z } from 'zod';
import { loopback, PORTS } from './shared/settings.js';

/**
 * Has any process of the shop been started again? Asks each for the number of its life and prints one line:
 * `{"processes":6,"restarts":0}`. Exit code 1 where one does not answer.
 */
const Health = z.object({ life: z.number().int().min(1) });
const ports = [PORTS.gateway, ...PORTS.orders, PORTS.paymentOps, PORTS.brokerOps, PORTS.settlementOps];

let restarts = 0;
for (const port of ports) {
  try {
    const { body } = await request(`http://${loopback(port)}/healthz`, { headersTimeout: 5_000, bodyTimeout: 5_000 });
    restarts += Health.parse(await body.json()).life - 1;
  } catch (error) {
    process.stderr.write(
      `nothing healthy answers on port ${port}: ${error instanceof Error ? error.message : 'no reason'}\n`,
    );
    process.exit(1);
  }
}
process.stdout.write(`${JSON.stringify({ processes: ports.length, restarts })}\n`);
