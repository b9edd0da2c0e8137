import type { RunEvent } from '../record/events.js';
import type { RunResult } from '../result/schema.js';
import { PlimsollError } from '../support/errors.js';
import type { CommandContext } from './command.js';

export interface MetricsServer {
  onEvent(event: RunEvent): void;
  onResult(result: RunResult): void;
  close(): Promise<void>;
}

/** `--metrics-port`: the run's own `/metrics`, on loopback. */
export async function startMetrics(
  flag: string | undefined,
  context: CommandContext,
): Promise<MetricsServer | undefined> {
  if (flag === undefined) return undefined;
  const port = Number(flag);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new PlimsollError({
      kind: 'usage',
      code: 'bad_port',
      message: `--metrics-port ${flag} is not a port (0 to 65535)`,
    });
  }
  const { createRunMetrics } = await import('../metrics/run-metrics.js');
  const metrics = createRunMetrics();
  const server = await metrics.serve(port);
  context.err(`metrics: ${server.url}\n`);
  return {
    onEvent: (event) => metrics.onEvent(event),
    onResult: (result) => metrics.onResult?.(result),
    close: async () => server.close(),
  };
}
