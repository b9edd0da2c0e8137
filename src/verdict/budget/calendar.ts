/** A calendar period that repeats: each starts where the one before ended, at the same local time. */
export interface CalendarWindow {
  unit: 'day' | 'week' | 'month' | 'quarter' | 'year';
  /** So many units make a period. */
  count: number;
  /** IANA name: `Europe/Berlin`. */
  timeZone: string;
  /** Local time at which some period began: `2024-01-01T00:00:00`. */
  start: string;
}

/** Fields of a local date and time; months count from 1. */
interface Local {
  year: number;
  month: number;
  day: number;
  secondOfDay: number;
}

const DAY_MS = 86_400_000;

/**
 * The period that holds a moment, [from, to) in ms since 1970. Months have their real lengths, and a day in which the
 * clocks change has 23 or 25 hours.
 */
export function periodAt(window: CalendarWindow, atMs: number): { fromMs: number; toMs: number } {
  const start = parseLocal(window.start);
  if (!start) throw new RangeError(`"${window.start}" is not a local time such as 2024-01-01T00:00:00`);
  const begin = (k: number): number => toInstant(shifted(start, window, k), window.timeZone);
  const nominalMs = nominalDays(window.unit) * window.count * DAY_MS;
  let k = Math.floor((atMs - begin(0)) / nominalMs);
  // The estimate is off by the difference between real and nominal months.
  while (begin(k) > atMs) k--;
  while (begin(k + 1) <= atMs) k++;
  return { fromMs: begin(k), toMs: begin(k + 1) };
}

/** A month is taken as 30 days, a quarter as 90, a year as 365: for figures that must not depend on today. */
export function nominalDays(unit: CalendarWindow['unit']): number {
  return { day: 1, week: 7, month: 30, quarter: 90, year: 365 }[unit];
}

/** `2024-01-31T09:30:00`, `2024-01-31 09:30:00`, `2024-01-31`. Undefined: no such moment. */
export function parseLocal(text: string): Local | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text.trim());
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  return { year, month, day, secondOfDay: hour * 3600 + minute * 60 + second };
}

/** Does this machine know a time zone of this name? */
export function isTimeZone(name: string): boolean {
  try {
    // Throws where the name is unknown.
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** k periods later. The 31st becomes the last day of a shorter month, and is the 31st again in the next one. */
function shifted(start: Local, { unit, count }: CalendarWindow, k: number): Local {
  if (unit === 'day' || unit === 'week') {
    const days = k * count * (unit === 'week' ? 7 : 1);
    const moved = new Date(Date.UTC(start.year, start.month - 1, start.day) + days * DAY_MS);
    return {
      year: moved.getUTCFullYear(),
      month: moved.getUTCMonth() + 1,
      day: moved.getUTCDate(),
      secondOfDay: start.secondOfDay,
    };
  }
  const months = start.year * 12 + start.month - 1 + k * count * { month: 1, quarter: 3, year: 12 }[unit];
  const year = Math.floor(months / 12);
  const month = months - year * 12 + 1;
  return { year, month, day: Math.min(start.day, daysIn(year, month)), secondOfDay: start.secondOfDay };
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** A local time that the clocks skip becomes the moment after the gap; one that comes twice, its first coming. */
function toInstant(local: Local, timeZone: string): number {
  const asUtc = Date.UTC(local.year, local.month - 1, local.day) + local.secondOfDay * 1000;
  const before = offsetMs(asUtc - DAY_MS, timeZone);
  const after = offsetMs(asUtc + DAY_MS, timeZone);
  for (const offset of [before, after]) {
    if (offsetMs(asUtc - offset, timeZone) === offset) return asUtc - offset;
  }
  return asUtc - before;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Local time − UTC at a moment. */
function offsetMs(atMs: number, timeZone: string): number {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(timeZone, format);
  }
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
  const get = (type: string): number => parts.get(type as Intl.DateTimeFormatPartTypes) ?? 0;
  const local = Date.UTC(get('year'), get('month') - 1, get('day'), get('hour'), get('minute'), get('second'));
  return local - Math.floor(atMs / 1000) * 1000;
}
