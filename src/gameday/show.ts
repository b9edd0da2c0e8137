import type { RunEvent } from '../record/events.js';
import { systemClock } from '../support/clock.js';
import { masked, reveals } from './blind.js';
import { logLine } from './log-line.js';
import type { Audience } from './orders.js';
import { advance, newState, type GameState } from './state.js';
import { partsOf } from './view.js';
import { Viewers, type LogLine, type Viewer } from './viewers.js';

/** Events of one moment make one picture. */
const SETTLE_MS = 60;
/** So often a page hears from us even when nothing happens, so that it can tell when it does not any more. */
const PULSE_MS = 2000;

interface Side {
  state: GameState;
  lines: LogLine[];
  /** Up to this event the log was another one: it is sent again to whoever has seen that. */
  renewedAtSeq: number;
}

/**
 * What the browsers see of a run: events in, streams out. With a blind game day there are two sides of it, and the team's
 * is folded from what the team may know, so that nothing else can leak into it.
 */
export class Show {
  readonly #sides: Record<Audience, Side>;
  readonly #viewers = new Viewers();
  #settling: NodeJS.Timeout | undefined;
  #pulse: NodeJS.Timeout | undefined;
  #revealed: boolean;
  #t0Us = systemClock.nowUs();

  constructor(options: { blind: boolean }) {
    this.#revealed = !options.blind;
    const all = newSide();
    this.#sides = { operator: all, team: options.blind ? newSide() : all };
  }

  /** How many browsers look. */
  get viewers(): number {
    return this.#viewers.count;
  }

  onEvent(event: RunEvent): void {
    if (event.type === 'run.started') this.#t0Us = event.t0Us;
    const { operator, team } = this.#sides;
    this.#note('operator', operator, event);
    if (!this.#revealed) {
      const seen = masked(event);
      if (seen) this.#note('team', team, seen);
      if (reveals(event)) this.#reveal(event.seq);
    }
    this.#settling ??= setTimeout(() => this.#picture(), SETTLE_MS).unref();
  }

  /** A browser comes, or comes back having seen everything up to `lastSeq`. */
  open(viewer: Pick<Viewer, 'session' | 'audience' | 'response'>, lastSeq: number): void {
    const side = this.#sides[viewer.audience];
    const again = lastSeq > 0 && lastSeq < side.renewedAtSeq;
    const lines = side.lines.filter(({ seq }) => again || seq > lastSeq);
    const opened = this.#viewers.open(viewer, lines, again);
    this.#viewers.show(viewer.audience, this.#nowS(), this.#parts(viewer.audience), opened);
    this.#pulse ??= setInterval(() => this.#picture(), PULSE_MS).unref();
  }

  /** The last picture, and the end of all streams. */
  end(): void {
    this.#picture();
    clearInterval(this.#pulse);
    this.#viewers.end();
  }

  #note(audience: Audience, side: Side, event: RunEvent): void {
    advance(side.state, event);
    const html = logLine(event);
    if (html === undefined) return;
    const line = { seq: event.seq, html };
    side.lines.push(line);
    this.#viewers.line(audience, line);
    if (audience === 'operator' && this.#revealed) this.#viewers.line('team', line);
  }

  /** From here on the team sees what everybody sees, also of what was. */
  #reveal(seq: number): void {
    this.#revealed = true;
    const { operator } = this.#sides;
    this.#sides.team = { ...operator, renewedAtSeq: seq };
    this.#viewers.again('team', operator.lines);
  }

  #picture(): void {
    clearTimeout(this.#settling);
    this.#settling = undefined;
    for (const audience of ['operator', 'team'] as const) {
      // Without somebody who looks, nothing is drawn.
      if (this.#viewers.has(audience)) this.#viewers.show(audience, this.#nowS(), this.#parts(audience));
    }
  }

  #parts(audience: Audience): Map<string, string> {
    const { state } = this.#sides[audience];
    return partsOf(state, {
      nowS: this.#nowS(),
      steers: audience === 'operator',
      hidden: audience === 'team' && !this.#revealed,
    });
  }

  #nowS(): number {
    return (systemClock.nowUs() - this.#t0Us) / 1e6;
  }
}

function newSide(): Side {
  return { state: newState(), lines: [], renewedAtSeq: 0 };
}
