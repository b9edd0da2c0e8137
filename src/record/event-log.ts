import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { Clock } from '../support/clock.js';
import { messageOf, PlimsollError, systemCodeOf } from '../support/errors.js';
import { EVENT_BODIES, EVENT_FORMAT_VERSION, type EventBody, type EventType } from './events.js';
import type { RunEvent } from './events.js';

export type EventListener = (event: RunEvent) => void;

/**
 * Appends a run's events to `events.ndjson`: one JSON object a line, written before `append` returns, on the disk itself
 * (fsync) for each fault and undo event. A disk that is full, or gone, never stops a run half-way: the events stay in
 * memory, `problem` says what happened, and each later append tries again to bring the file up to date.
 */
export class EventLog {
  readonly path: string;
  readonly #file: number;
  readonly #t0Us: number;
  readonly #clock: Clock;
  readonly #events: RunEvent[] = [];
  readonly #listeners = new Set<EventListener>();
  /** Events that have not been told to the listeners yet; a listener may append while it is being told. */
  readonly #untold: RunEvent[] = [];
  #telling = false;
  /** Bytes that could not be written so far. */
  #pending: Buffer[] = [];
  #problem: PlimsollError | undefined;
  #syncOwed = false;
  #closed = false;

  /** Creates the file; it must not be there yet. `t0Us` is on the monotonic clock. */
  static create(path: string, options: { t0Us: number; clock: Clock }): EventLog {
    try {
      return new EventLog(path, openSync(path, 'ax'), options);
    } catch (error) {
      throw new PlimsollError({
        code: 'event_log_not_created',
        message: `The event log ${path} could not be created: ${messageOf(error)}.`,
        hint: 'Choose a reports folder that is writable and has space.',
        cause: error,
      });
    }
  }

  private constructor(path: string, file: number, options: { t0Us: number; clock: Clock }) {
    this.path = path;
    this.#file = file;
    this.#t0Us = options.t0Us;
    this.#clock = options.clock;
  }

  /** All events so far, in order. */
  get events(): readonly RunEvent[] {
    return this.#events;
  }

  /** The first failure to write, if there was one; the run goes on without the file. */
  get problem(): PlimsollError | undefined {
    return this.#problem;
  }

  /**
   * Writes one event and tells the listeners. `atUs`: microseconds from t0; now, if absent.
   *
   * A body that breaks its own schema (a NaN, say) could not be read again. It is recorded as an `error` event
   * `invalid_event` instead, so that the run can't end green, and the run goes on: a fault may be active.
   */
  append<T extends EventType>(type: T, body: EventBody<T>, atUs?: number): RunEvent {
    const checked = EVENT_BODIES[type].safeParse(body);
    if (!checked.success) return this.append('error', invalidEvent(type, checked.error.issues), atUs);
    const fromT0Us = atUs ?? this.#clock.nowUs() - this.#t0Us;
    const event = {
      v: EVENT_FORMAT_VERSION,
      seq: this.#events.length + 1,
      t: Math.round(fromT0Us) / 1e6,
      type,
      ...body,
    } as unknown as RunEvent;
    this.#events.push(event);
    this.#write(event);
    this.#tell(event);
    return event;
  }

  /** Calls `listener` for each later event. One that throws is dropped, with a `warning` event. Returns the way out. */
  onEvent(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Brings what there is to the disk and closes the file. Idempotent; later events are kept in memory only. */
  close(): void {
    if (this.#closed) return;
    this.#flush();
    this.#sync();
    this.#closed = true;
    try {
      closeSync(this.#file);
    } catch (error) {
      this.#remember(error);
    }
  }

  #write(event: RunEvent): void {
    if (this.#closed) return;
    this.#pending.push(Buffer.from(`${JSON.stringify(event)}\n`));
    this.#flush();
    if (/^(fault|undo)\./.test(event.type)) this.#syncOwed = true;
    if (this.#syncOwed && this.#pending.length === 0) this.#sync();
  }

  #flush(): void {
    try {
      for (let first = this.#pending[0]; first; first = this.#pending[0]) {
        const written = writeSync(this.#file, first);
        // A short write happens when the disk fills up: the rest must follow, or the line would be torn for good.
        if (written < first.length) this.#pending[0] = first.subarray(written);
        else this.#pending.shift();
      }
    } catch (error) {
      this.#remember(error);
    }
  }

  #sync(): void {
    try {
      fsyncSync(this.#file);
      this.#syncOwed = false;
    } catch (error) {
      // A pipe or /dev/null can't be synced, and needn't be.
      if (systemCodeOf(error) !== 'EINVAL' && systemCodeOf(error) !== 'EROFS') this.#remember(error);
      else this.#syncOwed = false;
    }
  }

  #remember(error: unknown): void {
    this.#problem ??= new PlimsollError({
      code: 'event_log_not_written',
      message: `The event log ${this.path} could not be written: ${messageOf(error)}. The run goes on without it.`,
      hint: 'Free some space; the log is completed as soon as writing works again.',
      cause: error,
    });
  }

  #tell(event: RunEvent): void {
    this.#untold.push(event);
    if (this.#telling) return;
    this.#telling = true;
    try {
      for (let next = this.#untold.shift(); next; next = this.#untold.shift()) {
        for (const listener of this.#listeners) this.#tellOne(listener, next);
      }
    } finally {
      this.#telling = false;
    }
  }

  #tellOne(listener: EventListener, event: RunEvent): void {
    try {
      listener(event);
    } catch (error) {
      this.#listeners.delete(listener);
      this.append('warning', {
        code: 'listener_failed',
        message: `A listener of the event log failed at event ${event.seq} (${event.type}) and is left out from here on: ${messageOf(error)}`,
      });
    }
  }
}

export interface EventsRead {
  /** In the order of the file. */
  events: RunEvent[];
  /** What is missing or damaged, one sentence each. */
  warnings: string[];
}

/**
 * Reads an `events.ndjson`, whole, cut or damaged. Throws `event_log_unreadable` when there is no such file, and
 * `newer_format` when a newer Plimsoll wrote it: guessing at its meaning could turn a red run green.
 */
export function readEvents(path: string): EventsRead {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new PlimsollError({
      code: 'event_log_unreadable',
      message: `The event log ${path} could not be read: ${messageOf(error)}.`,
      hint: 'Give the folder of a run, such as reports/latest.',
      kind: 'usage',
      cause: error,
    });
  }
  return parseEvents(bytes.toString('utf8'), path);
}

/** The same from text; `name` is used in messages. */
export function parseEvents(text: string, name = 'events.ndjson'): EventsRead {
  const events: RunEvent[] = [];
  const warnings: string[] = [];
  const unknownTypes = new Map<string, number>();
  const lines = text.split('\n');
  const tail = lines.pop() ?? '';
  lines.forEach((line, i) => readLine(line, `${name}: line ${i + 1}`, { events, warnings, unknownTypes }));
  if (tail !== '') {
    // Only a line end proves that a line is whole: `{"t":1}` may have been `{"t":1}…` as well as the end of its write.
    warnings.push(`${name}: the last line is torn (the run was killed while writing it) and is left out.`);
  }
  for (const [type, count] of unknownTypes) {
    warnings.push(`${name}: ${count} event${count === 1 ? '' : 's'} of the unknown type "${type}" left out.`);
  }
  warnings.push(...gapsIn(events, name));
  return { events, warnings };
}

interface Reading extends EventsRead {
  unknownTypes: Map<string, number>;
}

function readLine(line: string, place: string, reading: Reading): void {
  if (line.trim() === '') return;
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch (error) {
    reading.warnings.push(`${place} is damaged and left out: ${messageOf(error)}`);
    return;
  }
  if (!isRecord(parsed) || typeof parsed['type'] !== 'string') {
    reading.warnings.push(`${place} is not an event and is left out.`);
    return;
  }
  const { v, seq, t, type } = parsed;
  if (typeof v === 'number' && v > EVENT_FORMAT_VERSION) {
    throw new PlimsollError({
      code: 'newer_format',
      message: `${place} has the format version ${v}; this Plimsoll reads versions up to ${EVENT_FORMAT_VERSION}.`,
      hint: 'Update Plimsoll, or render the run with the version that made it.',
      kind: 'usage',
    });
  }
  if (!Object.hasOwn(EVENT_BODIES, type)) {
    reading.unknownTypes.set(type, (reading.unknownTypes.get(type) ?? 0) + 1);
    return;
  }
  const body = EVENT_BODIES[type as EventType].safeParse(parsed);
  const numbered = typeof v === 'number' && Number.isInteger(seq) && typeof t === 'number';
  if (!body.success || !numbered) {
    const why = body.success ? 'v, seq or t is missing' : describeIssue(body.error.issues[0]);
    reading.warnings.push(`${place} (${type}) does not have its form and is left out: ${why}`);
    return;
  }
  reading.events.push({ v, seq, t, type, ...body.data } as RunEvent);
}

/** Sentences about sequence numbers that are missing or out of order. */
function gapsIn(events: readonly RunEvent[], name: string): string[] {
  const found: string[] = [];
  let expected = 1;
  for (const { seq } of events) {
    if (seq > expected) {
      const range = seq - expected === 1 ? `event ${expected} is` : `events ${expected} to ${seq - 1} are`;
      found.push(`${name}: ${range} missing.`);
    } else if (seq < expected) {
      found.push(
        `${name}: event ${seq} comes after event ${expected - 1}; the file was written twice or pieced together.`,
      );
    }
    expected = Math.max(expected, seq + 1);
  }
  return found;
}

function invalidEvent(type: EventType, issues: readonly Issue[]): EventBody<'error'> {
  return {
    code: 'invalid_event',
    message: `An event ${type} was to be recorded that does not have its form: ${describeIssue(issues[0])}`,
  };
}

interface Issue {
  path: readonly PropertyKey[];
  message: string;
}

function describeIssue(issue: Issue | undefined): string {
  if (!issue) return 'unknown reason';
  return `${issue.path.map(String).join('.') || 'body'}: ${issue.message}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
