import { join } from 'node:path';
import { clockTime } from '../html/format.js';
import type { RunEvent } from '../record/events.js';
import { systemClock, type Clock } from '../support/clock.js';
import { eventLine } from './event-line.js';
import { advance, doneShare, faultTimeText, newProgress, streamText, timeLeftS, type Progress } from './progress.js';
import type { Reporter, ReporterDefinition, ReporterOutput, TerminalOptions } from './reporter.js';
import { summary } from './summary.js';
import { clean, fit, painter, truncate, widthOf, type Paint } from './text.js';

/** Progress on stderr while the run goes on, the summary on stdout at its end. */
const terminal: ReporterDefinition = {
  name: 'terminal',
  description: 'progress on standard error, the summary on standard output (the default)',
  create: (output) => terminalReporter(output),
};
export default terminal;

const HEARTBEAT_S = 10;
/** So often at most is a driver said to be unwell. */
const UNWELL_EVERY_S = 15;
const REDRAW_MS = 200;
const PLAIN: TerminalOptions = { columns: 80, isTerminal: false, colour: false };

/**
 * On a terminal: a block of a few lines, redrawn in place, with the log above it. Each redraw is one write, overwrites
 * instead of clearing first, and is marked as a synchronised update, so nothing flickers. Elsewhere: one line for each
 * phase change and fault, and a heartbeat after every ten seconds of silence.
 */
export function terminalReporter(output: ReporterOutput, clock: Clock = systemClock): Reporter {
  const options = output.terminal ?? PLAIN;
  const verbosity = options.verbosity ?? 'normal';
  const paint = painter(options.colour);
  const live = options.isTerminal && verbosity !== 'quiet';
  const progress = newProgress();
  let heardUs = clock.nowUs();
  let saidS = 0;
  /** When each driver was last said to be unwell. */
  const unwellS = new Map<string, number>();
  let drawnLines = 0;
  let drawnUs = -Infinity;
  let timer: NodeJS.Timeout | undefined;
  let started = false;

  /** Run time now: that of the last event, and what has passed since it was heard. */
  const nowS = (): number => progress.atS + (clock.nowUs() - heardUs) / 1e6;

  const write = (lines: readonly string[], redraw: boolean): void => {
    if (!live) {
      if (lines.length > 0) output.err(`${lines.join('\n')}\n`);
      return;
    }
    const block = redraw ? blockOf(progress, nowS(), options.columns, paint) : [];
    const up = drawnLines > 0 ? `\u001B[${drawnLines}A` : '';
    const body = [...lines, ...block].map((line) => `${line}\u001B[K\n`).join('');
    output.err(`\u001B[?2026h\r${up}${body}\u001B[J\u001B[?2026l`);
    drawnLines = block.length;
    drawnUs = clock.nowUs();
  };

  /** A busy machine makes the driver unwell in every second: said once, it is not said again for a while. */
  const repeats = (event: RunEvent): boolean => {
    if (event.type !== 'driver.health' || event.invalid === undefined || verbosity === 'verbose') return false;
    const last = unwellS.get(event.driver);
    if (last !== undefined && event.t - last < UNWELL_EVERY_S) return true;
    unwellS.set(event.driver, event.t);
    return false;
  };

  const tick = (): void => {
    if (live) {
      if (clock.nowUs() - drawnUs >= REDRAW_MS * 1000) write([], true);
    } else if (nowS() - saidS >= HEARTBEAT_S) {
      saidS = nowS();
      write([stamp(saidS, paint) + heartbeat(progress, saidS)], false);
    }
  };

  return {
    onEvent(event: RunEvent) {
      if (verbosity === 'quiet') return;
      if (event.type === 'run.started') {
        started = true;
        saidS = event.t;
        // Redraws a block whose clock moves while no event comes; never keeps the process alive.
        timer ??= setInterval(tick, REDRAW_MS).unref();
      }
      advance(progress, event);
      heardUs = clock.nowUs();
      const line = repeats(event) ? undefined : eventLine(event, verbosity === 'verbose');
      if (line !== undefined) {
        saidS = event.t;
        const text = line.colour === undefined ? line.text : paint(line.colour, line.text);
        write([stamp(event.t, paint) + text], true);
      } else if (started) tick();
    },
    onNotice(text) {
      write([paint('yellow', text)], started && timer !== undefined);
    },
    async onEnd(result) {
      clearInterval(timer);
      timer = undefined;
      if (live && drawnLines > 0) write([], false);
      const report = output.report ?? join(output.directory, 'report.html');
      output.out(summary(result, { report, colour: options.colour }));
    },
  };
}

function stamp(atS: number, paint: Paint): string {
  return `${paint('dim', `[${clockTime(atS).padStart(5)}]`)} `;
}

function heartbeat(progress: Progress, nowS: number): string {
  const streams = [...progress.streams].map(([name, second]) => `${truncate(clean(name), 24)} ${streamText(second)}`);
  const faults = [...progress.faults].map(([id, fault]) => `${id} ${fault.type}`);
  const left = timeLeftS(progress, nowS);
  return [
    progress.phase,
    ...streams,
    ...(faults.length > 0 ? [`active: ${faults.join(', ')}`] : []),
    ...(left === undefined ? [] : [`${Math.round(left)} s left`]),
  ].join(' · ');
}

/** The live lines, each narrower than the terminal so that none wraps. */
function blockOf(progress: Progress, nowS: number, columns: number, paint: Paint): string[] {
  const width = Math.max(20, columns - 1);
  const left = timeLeftS(progress, nowS);
  const phaseClock =
    progress.phasePlannedS === undefined
      ? ''
      : ` ${clockTime(Math.max(0, nowS - progress.phaseStartS))} of ${clockTime(progress.phasePlannedS)}`;
  const clock = `${clockTime(nowS)}${left === undefined ? '' : `, ${clockTime(left)} left`}`;
  const bar = Math.min(24, Math.max(0, width - 50));
  const filled = Math.round(bar * doneShare(progress, nowS));
  const head = `${truncate(progress.scenario, 30)} · ${progress.phase}${phaseClock} · ${clock}`;
  const lines = [
    bar > 0 && widthOf(head) + bar + 1 <= width
      ? `${paint('blue', '━'.repeat(filled))}${paint('dim', '─'.repeat(bar - filled))} ${paint('bold', head)}`
      : paint('bold', truncate(head, width)),
  ];
  const names = Math.min(24, Math.max(0, ...[...progress.streams.keys()].map((name) => widthOf(clean(name)))));
  for (const [name, second] of progress.streams) {
    lines.push(truncate(`  ${fit(clean(name), names)}  ${streamText(second)}`, width));
  }
  for (const [id, fault] of progress.faults) {
    const time = faultTimeText(progress, id, fault, nowS);
    const text = truncate(`${id} ${fault.summary}`, width - 6 - widthOf(time));
    lines.push(`  ${paint('yellow', '▲')} ${text} ${paint('dim', time)}`);
  }
  return lines;
}
