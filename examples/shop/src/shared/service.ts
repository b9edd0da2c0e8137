import { containTheRest } from './containment.js';
import { exitGracefully, type Stages } from './graceful-exit.js';
import { createLog, type Logger } from './log.js';
import { startMetrics } from './metrics.js';

/**
 * The frame of every process of the shop: metrics, a graceful exit on SIGTERM, the end when the supervisor is gone, and
 * no silent death. `start` returns what its exit takes.
 */
export async function runService(name: string, start: (log: Logger) => Promise<Stages>): Promise<void> {
  const log = createLog(name);
  startMetrics(name);
  containTheRest(log);
  // The supervisor holds the other end of this channel. When it dies, however it dies, nothing stays behind.
  process.on('disconnect', () => process.exit(1));

  let stages: Stages | undefined;
  exitGracefully(log, () => stages);
  try {
    stages = await start(log);
  } catch (error) {
    log.fatal({ err: error }, 'could not start');
    process.exit(1);
  }
  log.info('listening');
  process.send?.('listening');
}
