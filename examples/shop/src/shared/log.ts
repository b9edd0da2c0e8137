import { pino, type Logger } from 'pino';

/**
 * JSON lines on standard output. By default changes of state and troubles are logged, not requests (that costs more than
 * the requests); `SHOP_LOG_LEVEL=debug` adds a line a request. What belongs to a request carries its `trace_id`.
 */
export function createLog(service: string): Logger {
  return pino({
    level: process.env['SHOP_LOG_LEVEL'] ?? 'info',
    base: { service, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
}

export type { Logger };
