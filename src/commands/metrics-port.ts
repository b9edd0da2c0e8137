import type { RunEvent } from '../record/events.js';
import type { RunDirectory } from '../record/run-directory.js';
import type { RunResult } from '../result/schema.js';
import { PlimsollError } from '../support/errors.js';
import type { CommandContext } from './command.js';

export interface MetricsServer {
  onDirectory(directory: RunDirectory): void;
  onEvent(event: RunEvent): void;
  onResult(result: RunResult): void;
  close(): Promise<void>;
}

/** `--metrics-port`: the run's own `/metrics` and `POST /slo/check`, on loopback. */
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
  let current: RunDirectory | undefined;
  const server = await metrics.serve(port, undefined, async (seconds) => {
    if (!current) return undefined;
    const { checkSlosNow } = await import('../run/slo-check.js');
    return checkSlosNow(current, seconds);
  });
  context.err(`metrics: ${server.url}\n`);
  return {
    onDirectory: (directory) => void (current = directory),
    onEvent: (event) => metrics.onEvent(event),
    onResult: (result) => {
      current = undefined;
      metrics.onResult?.(result);
    },
    close: async () => server.close(),
  };
}
