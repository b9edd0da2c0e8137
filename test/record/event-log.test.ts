import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventLog, parseEvents, readEvents } from '../../src/record/event-log.js';
import { systemClock, type Clock } from '../../src/support/clock.js';
import { withFileSizeLimit } from './full-disk.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'plimsoll-events-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function fakeClock(startUs: number): Clock & { us: number } {
  return {
    ...systemClock,
    us: startUs,
    nowUs: function () {
      return this.us;
    },
  };
}

describe('EventLog', () => {
  it('writes each event before append returns, numbered from 1, in seconds from t0 with microseconds', () => {
    const clock = fakeClock(5_000_000);
    const log = EventLog.create(join(folder, 'events.ndjson'), { t0Us: 5_000_000, clock });
    log.append('phase.started', { phase: 'warmup', trial: 1 });
    clock.us += 1_234_567;
    log.append('note', { who: 'ann', text: 'züge 🚂\nsecond line' });
    log.append('window.opened', { window: 'baseline', trial: 1, atUs: 2_000_000.4 }, 2_000_000.4);
    const lines = readFileSync(log.path, 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(JSON.parse(lines[1] ?? '')).toEqual({
      v: 1,
      seq: 2,
      t: 1.234567,
      type: 'note',
      who: 'ann',
      text: 'züge 🚂\nsecond line',
    });
    expect(log.events.map(({ seq, t }) => [seq, t])).toEqual([
      [1, 0],
      [2, 1.234567],
      [3, 2],
    ]);
    log.close();
    expect(readEvents(log.path)).toEqual({ events: log.events, warnings: [] });
  });

  it('refuses to write over a log that is there', () => {
    writeFileSync(join(folder, 'events.ndjson'), 'precious');
    expect(() => EventLog.create(join(folder, 'events.ndjson'), { t0Us: 0, clock: systemClock })).toThrow(
      /could not be created/,
    );
    expect(readFileSync(join(folder, 'events.ndjson'), 'utf8')).toBe('precious');
  });

  it('tells listeners every event in order, also those that a listener appends', () => {
    const log = EventLog.create(join(folder, 'e'), { t0Us: 0, clock: systemClock });
    const heard: number[][] = [[], []];
    log.onEvent((event) => {
      heard[0]?.push(event.seq);
      if (event.type === 'signal') log.append('note', { who: 'a', text: 'x' });
    });
    const stop = log.onEvent((event) => heard[1]?.push(event.seq));
    log.append('signal', { signal: 'SIGINT' });
    log.append('note', { who: 'b', text: 'y' });
    stop();
    log.append('note', { who: 'b', text: 'z' });
    expect(heard).toEqual([
      [1, 2, 3, 4],
      [1, 2, 3],
    ]);
  });

  it('drops a listener that throws, says so, and goes on', () => {
    const log = EventLog.create(join(folder, 'e'), { t0Us: 0, clock: systemClock });
    let calls = 0;
    const heard: string[] = [];
    log.onEvent(() => {
      calls++;
      throw new Error('kaput');
    });
    log.onEvent((event) => heard.push(event.type));
    log.append('note', { who: 'a', text: 'x' });
    log.append('note', { who: 'a', text: 'y' });
    expect(calls).toBe(1);
    expect(heard).toEqual(['note', 'warning', 'note']);
    expect(log.events[1]).toMatchObject({ code: 'listener_failed', message: expect.stringContaining('kaput') });
  });

  it('turns a body that could not be read again into an error event: the run cannot end green by it', () => {
    const log = EventLog.create(join(folder, 'e'), { t0Us: 0, clock: systemClock });
    const event = log.append('stop.tripped', { guard: 'errors', message: 'x', figures: { ratio: NaN } });
    expect(event).toMatchObject({
      type: 'error',
      code: 'invalid_event',
      message: expect.stringContaining('figures.ratio'),
    });
    expect(readEvents(log.path).events).toEqual(log.events);
  });

  it('goes on in memory when the disk is full, says so once, and completes the file when there is space again', () => {
    const log = EventLog.create(join(folder, 'e'), { t0Us: 0, clock: systemClock });
    withFileSizeLimit(1000, () => {
      for (let i = 0; i < 20; i++) log.append('note', { who: 'ann', text: `note ${i} ${'x'.repeat(40)}` });
      log.append('fault.requested', { fault: 'f1', faultType: 'latency', summary: 's', targets: [] });
    });
    expect(log.problem).toMatchObject({ code: 'event_log_not_written', message: expect.stringContaining('EFBIG') });
    expect(log.events).toHaveLength(21);
    // What is on the disk ends inside a line; nothing of it is lost when the rest follows.
    const cut = readEvents(log.path);
    expect(cut.events.length).toBeLessThan(12);
    expect(cut.warnings[0]).toContain('torn');
    log.append('note', { who: 'ann', text: 'space again' });
    expect(readEvents(log.path)).toEqual({ events: log.events, warnings: [] });
    log.close();
    log.append('note', { who: 'ann', text: 'after closing' });
    expect(log.events).toHaveLength(23);
  });
});

describe('readEvents', () => {
  const whole = Array.from({ length: 5 }, (_, i) =>
    JSON.stringify({ v: 1, seq: i + 1, t: i, type: 'note', who: 'ann', text: `n${i} ünï` }),
  );
  const text = `${whole.join('\n')}\n`;

  it('leaves out a torn last line and says so, wherever it is cut', () => {
    const bytes = Buffer.from(text);
    for (let cut = 0; cut < bytes.length; cut++) {
      const part = bytes.subarray(0, cut);
      const wholeLines = part.toString('latin1').split('\n').length - 1;
      const read = parseEvents(part.toString('utf8'));
      expect(read.events.map(({ seq }) => seq)).toEqual(whole.slice(0, wholeLines).map((_, i) => i + 1));
      const torn = part.length > 0 && part.at(-1) !== 10;
      expect(read.warnings).toHaveLength(torn ? 1 : 0);
      if (torn) expect(read.warnings[0]).toContain('torn');
    }
  });

  it('reports a damaged middle line with its number, and the gap', () => {
    const damaged = [...whole];
    damaged[2] = '{"v":1,"seq":3,';
    const { events, warnings } = parseEvents(`${damaged.join('\n')}\n`, 'log');
    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 4, 5]);
    expect(warnings[0]).toContain('log: line 3 is damaged');
    expect(warnings[1]).toBe('log: event 3 is missing.');
  });

  it('reports a line that lacks its form, and lines out of order', () => {
    const { events, warnings } = parseEvents(
      `${whole[1]}\n${whole[0]}\n{"v":1,"seq":3,"t":0,"type":"signal"}\n[]\n{"type":"signal","signal":"x"}\n`,
    );
    expect(events).toHaveLength(2);
    expect(warnings.join('\n')).toMatch(/line 3 \(signal\) does not have its form and is left out: signal: /);
    expect(warnings.join('\n')).toMatch(/line 4 is not an event/);
    expect(warnings.join('\n')).toMatch(/line 5 \(signal\).*v, seq or t is missing/);
    expect(warnings.join('\n')).toMatch(/event 1 comes after event 2/);
  });

  it('keeps out unknown types with a warning, and refuses a newer format', () => {
    const unknown = '{"v":1,"seq":6,"t":9,"type":"weather.changed","rain":true}\n';
    const { events, warnings } = parseEvents(text + unknown + unknown.replace('6', '7'));
    expect(events).toHaveLength(5);
    expect(warnings[0]).toContain('2 events of the unknown type "weather.changed"');
    // A name from Object.prototype is no event type either.
    expect(parseEvents('{"v":1,"seq":1,"t":9,"type":"constructor"}\n').warnings[0]).toContain('"constructor"');
    expect(() => parseEvents(`${text}{"v":2,"seq":6,"t":9,"type":"note"}\n`)).toThrow(/format version 2.*up to 1/);
    expect(() => readEvents(join(folder, 'none'))).toThrow(/could not be read/);
  });

  it('never throws anything but newer_format on damaged bytes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(text.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 12 }),
        (damage) => {
          const bytes = Buffer.from(text);
          for (const [at, value] of damage) bytes[at] = value;
          try {
            for (const event of parseEvents(bytes.toString('utf8')).events) expect(event.type).toBe('note');
          } catch (error) {
            expect(error).toMatchObject({ code: 'newer_format' });
          }
        },
      ),
      { numRuns: 500, seed: 7 },
    );
  });
});
