import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defects } from './shared/defects.js';
import { createLog } from './shared/log.js';
import { LINKS, loopback, PORTS } from './shared/settings.js';
import { dial, proxiedLinks } from './supervisor/links.js';
import { claimPorts } from './supervisor/ports.js';
import type { ProcessSpec } from './supervisor/launch.js';
import { supervise } from './supervisor/supervisor.js';

/** Starts the whole shop, keeps it alive, and ends it on SIGTERM or SIGINT. */
const log = createLog('supervisor');
const STOP_LIMIT_MS = 4_000;
const startedAt = performance.now();
const keptFolder = process.env['SHOP_DATA'];
const folder = keptFolder ?? mkdtempSync(join(tmpdir(), 'shop-'));

try {
  const active = defects();
  await claimPorts([
    PORTS.gateway,
    ...PORTS.orders,
    PORTS.payment,
    PORTS.broker,
    PORTS.paymentOps,
    PORTS.brokerOps,
    PORTS.settlementOps,
    PORTS.supervisorOps,
  ]);
  const proxied = await proxiedLinks();
  const supervisor = supervise(specs(), log);

  let stopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping the shop');
    void supervisor.stop(STOP_LIMIT_MS).then(() => {
      forget();
      process.exit(0);
    });
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  process.on('SIGHUP', onSignal);

  try {
    await supervisor.listening;
    // Not before: whoever names an unknown defect is told so in one sentence, and this reads them when it is loaded.
    const { serveOperations } = await import('./supervisor/operations.js');
    await serveOperations(supervisor, log);
  } catch (error) {
    await supervisor.stop(STOP_LIMIT_MS);
    throw error;
  }
  log.info(
    { ms: Math.round(performance.now() - startedAt), defects: [...active], links: [...proxied], data: folder },
    `the shop is open: http://${loopback(PORTS.gateway)}`,
  );

  /** Front to back: that is the order in which they are stopped, so that nobody loses the one behind. */
  function specs(): ProcessSpec[] {
    const spec = (name: string, service: string, env: Record<string, string> = {}): ProcessSpec => ({
      name,
      handsOver: name === 'gateway',
      file: fileURLToPath(new URL(`./${service}/main.js`, import.meta.url)),
      env: { SHOP_DATA: folder, ...env },
    });
    const address = (variable: string, link: keyof typeof LINKS): Record<string, string> => ({
      [variable]: process.env[variable] ?? dial(link, proxied),
    });
    return [
      spec('gateway', 'gateway', {
        ...address('SHOP_ORDER_1_ADDRESS', 'gateway-order-1'),
        ...address('SHOP_ORDER_2_ADDRESS', 'gateway-order-2'),
      }),
      ...PORTS.orders.map((_, index) =>
        spec(`order-${index + 1}`, 'order', {
          SHOP_REPLICA: String(index + 1),
          ...address('SHOP_PAYMENT_ADDRESS', 'order-payment'),
        }),
      ),
      spec('payment', 'payment', address('SHOP_BROKER_ADDRESS', 'payment-broker')),
      spec('settlement', 'settlement', address('SHOP_BROKER_ADDRESS', 'settlement-broker')),
      spec('broker', 'broker'),
    ];
  }
} catch (error) {
  forget();
  process.stderr.write(`The shop can't start: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

/** The journals outlive a replica, not the shop, unless `SHOP_DATA` says where to keep them. */
function forget(): void {
  if (keptFolder === undefined) rmSync(folder, { recursive: true, force: true });
}
