import { containTheRest } from './containment.js';
import { createLog, type Logger } from './log.js';
import { startMetrics } from './metrics.js';

/** Ends what the service started: no new work, then wait for the work in flight. */
export type Stop = () => Promise<void>;

/**
 * The frame of every process of the shop: metrics, the end on SIGTERM, the end when the supervisor is gone, and no
 * silent death.
 */
export async function runService(name: string, start: (log: Logger) => Promise<Stop>): Promise<void> {
  const log = createLog(name);
  startMetrics(name);
  containTheRest(log);
  // The supervisor holds the other end of this channel. When it dies, however it dies, nothing stays behind.
  process.on('disconnect', () => process.exit(1));

  let stop: Stop | undefined;
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref();
    void (stop?.() ?? Promise.resolve()).then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'stopping failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);

  try {
    stop = await start(log);
  } catch (error) {
    log.fatal({ err: error }, 'could not start');
    process.exit(1);
  }
  log.info('listening');
  process.send?.('listening');
}

const STOP_LIMIT_MS = 3_000;
