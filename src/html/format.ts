import { formatMs } from '../support/units.js';

export type Unit = 'ratio' | 'seconds' | 'per_second' | 'number' | 'relative';

/** A number and its unit stay on one line. */
const NO_BREAK = '\u00A0';

/** A value in its unit, for people; `–` where there is none. */
export function formatValue(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  switch (unit) {
    case 'seconds':
      return formatMs(value * 1000).replaceAll(' ', NO_BREAK);
    case 'ratio':
    case 'relative':
      return `${digits(value * 100, 3)}${NO_BREAK}%`;
    case 'per_second':
      return `${digits(value, Math.abs(value) < 10 ? 2 : 1)}/s`;
    case 'number':
      return digits(value, Math.abs(value) < 10 ? 3 : 1);
  }
}

/** A difference with its sign: `+155 ms`, `−0.02 pp`. */
export function formatDrift(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  const sign = value > 0 ? '+' : value < 0 ? '−' : '±';
  const size = Math.abs(value);
  if (unit === 'ratio') return `${sign}${digits(size * 100, 3)}${NO_BREAK}pp`;
  return sign + formatValue(size, unit);
}

/** `1,250`. */
export function formatCount(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString('en-US') : '–';
}

/** `0:31`, `12:05`; with a minus before t0. */
export function clockTime(seconds: number): string {
  const whole = Math.floor(Math.abs(seconds));
  return `${seconds < 0 ? '−' : ''}${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** A moment to the millisecond, in seconds from t0. */
export function formatMoment(seconds: number | null): string {
  return seconds === null ? '–' : `${seconds.toFixed(3).replace('-', '−')}${NO_BREAK}s`;
}

/** `1 fault`, `2 faults`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

function digits(value: number, places: number): string {
  return String(Number(value.toFixed(places)));
}

/** Text in which no line ends between a number and its unit or sign. */
export function unbroken(text: string): string {
  return text
    .replace(/(?<=\d) (?=(?:%|pp|ms|s|KB|MB|requests?)(?![\w]))/g, NO_BREAK)
    .replace(/(?<=[<>]=) (?=\d)/g, NO_BREAK);
}
