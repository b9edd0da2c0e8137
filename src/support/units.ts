/**
 * Quantities as people write them. Each `parse…` gives the number in the unit of its name, or a sentence that says what
 * is wrong: `{ ok: false, problem }`. A bare number is refused, since its unit would be a guess.
 */
export type Parsed<T = number> = { ok: true; value: T } | { ok: false; problem: string };

const NUMBER = String.raw`(\d+(?:\.\d+)?|\.\d+)`;
const DURATION_PART = new RegExp(String.raw`${NUMBER}(us|µs|ms|s|m|h|d)`, 'y');
const MS_OF: Readonly<Record<string, number>> = { us: 1e-3, µs: 1e-3, ms: 1, s: 1e3, m: 6e4, h: 3.6e6, d: 8.64e7 };

/** `150ms`, `30s`, `1h30m`, `250us`; `0s` is allowed. Milliseconds. */
export function parseDurationMs(text: string): Parsed {
  const input = text.trim();
  let ms = 0;
  DURATION_PART.lastIndex = 0;
  let at = 0;
  while (at < input.length) {
    const match = DURATION_PART.exec(input);
    if (!match) break;
    ms += Number(match[1]) * (MS_OF[match[2] ?? ''] ?? NaN);
    at = DURATION_PART.lastIndex;
  }
  if (at < input.length || input === '') {
    return {
      ok: false,
      problem: `"${text}" is not a duration; write a number with a unit, such as 150ms, 30s, 2m or 1h30m`,
    };
  }
  return { ok: true, value: ms };
}

/** `250/s`, `15000/min`, `90/h`. Per second; zero is refused. */
export function parseRatePerSecond(text: string): Parsed {
  const match = new RegExp(`^${NUMBER}\\s*/\\s*(s|min|m|h)$`).exec(text.trim());
  if (!match)
    return { ok: false, problem: `"${text}" is not a rate; write a number with a unit, such as 250/s or 15000/min` };
  const perSecond = Number(match[1]) / (match[2] === 's' ? 1 : match[2] === 'h' ? 3600 : 60);
  if (!(perSecond > 0)) return { ok: false, problem: `the rate "${text}" is zero; it must be above zero` };
  return { ok: true, value: perSecond };
}

/** `30%` gives 0.3. A ratio in [0, 1]. */
export function parseShare(text: string): Parsed {
  const match = new RegExp(`^${NUMBER}\\s*%$`).exec(text.trim());
  if (!match) return { ok: false, problem: `"${text}" is not a share; write it in percent, such as 30%` };
  // 99.9 / 100 is not 0.999.
  const ratio = Number((Number(match[1]) / 100).toFixed(12));
  if (ratio > 1) return { ok: false, problem: `"${text}" is more than 100%` };
  return { ok: true, value: ratio };
}

const BYTES_OF: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/** `64KB` (1 KB = 1000 bytes), `1MiB`, `512B`. Bytes. */
export function parseSizeBytes(text: string): Parsed {
  const match = new RegExp(`^${NUMBER}\\s*(B|KB|MB|GB|KiB|MiB|GiB)$`).exec(text.trim());
  if (!match)
    return { ok: false, problem: `"${text}" is not a size; write a number with a unit, such as 64KB or 1MiB` };
  return { ok: true, value: Number(match[1]) * (BYTES_OF[match[2] ?? ''] ?? NaN) };
}

/** `1MB/s`, `64KB/s`. Bytes per second. */
export function parseBytesPerSecond(text: string): Parsed {
  const match = /^(.*?)\s*\/\s*s$/.exec(text.trim());
  const size = match ? parseSizeBytes(match[1] ?? '') : undefined;
  if (!size?.ok)
    return { ok: false, problem: `"${text}" is not a data rate; write a size per second, such as 64KB/s or 1MB/s` };
  return size;
}

/** `127.0.0.1:7080`, `localhost:80`, `[::1]:7080`. */
export function parseAddress(text: string): Parsed<{ host: string; port: number }> {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(text.trim());
  const port = Number(match?.[3]);
  if (!match || port < 1 || port > 65535) {
    return { ok: false, problem: `"${text}" is not an address; write host:port, such as 127.0.0.1:7303` };
  }
  return { ok: true, value: { host: match[1] ?? match[2] ?? '', port } };
}

/** Milliseconds for people: `0.42 ms`, `150 ms`, `2.5 s`, `1m 30s`. */
export function formatMs(ms: number): string {
  if (!Number.isFinite(ms)) return ms > 0 ? '∞' : String(ms);
  const size = Math.abs(ms);
  if (size === 0) return '0 ms';
  if (size < 1) return `${round(ms, 2)} ms`;
  if (size < 10) return `${round(ms, 1)} ms`;
  if (size < 1000) return `${Math.round(ms)} ms`;
  if (size < 60_000) return `${round(ms / 1000, 2)} s`;
  const sign = ms < 0 ? '-' : '';
  const seconds = Math.round(size / 1000);
  return `${sign}${Math.floor(seconds / 60)}m ${seconds % 60}s`;
}

/** A ratio as percent with as many digits as it needs to be told from 0 and 100: `99.987 %`. */
export function formatRatio(ratio: number, digits = 2): string {
  return `${round(ratio * 100, digits)} %`;
}

/** Bytes for people: `64 KB`, `1.5 MB` (1 KB = 1000 bytes). */
export function formatBytes(bytes: number): string {
  for (const [unit, size] of [
    ['GB', 1e9],
    ['MB', 1e6],
    ['KB', 1e3],
  ] as const) {
    if (Math.abs(bytes) >= size) return `${round(bytes / size, 2)} ${unit}`;
  }
  return `${Math.round(bytes)} B`;
}

function round(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
