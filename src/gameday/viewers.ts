import type { ServerResponse } from 'node:http';
import { systemClock } from '../support/clock.js';
import type { Audience } from './orders.js';

/** A browser allows six connections a host: the abort must get through beside the streams of all its tabs. */
const STREAMS_PER_SESSION = 3;
const MOST_STREAMS = 200;
/** Beyond this much unsent, pictures are left out: the next one replaces them anyway. */
const SKIP_BYTES = 256 * 1024;
/** Beyond this, or when nothing was taken for so long, a browser is dropped; it comes back and goes on where it was. */
const DROP_BYTES = 4 * 1024 * 1024;
const DROP_MS = 15_000;

/** One line of the log, as the page shows it, with the event's number. */
export interface LogLine {
  seq: number;
  html: string;
}

export interface Viewer {
  session: string;
  audience: Audience;
  response: ServerResponse;
  /** What this browser shows of each part. */
  shown: Map<string, string>;
  takenMs: number;
}

/** The streams to all browsers. A slow one loses pictures first and then its connection; the run never waits for it. */
export class Viewers {
  readonly #viewers = new Set<Viewer>();

  get count(): number {
    return this.#viewers.size;
  }

  has(audience: Audience): boolean {
    return [...this.#viewers].some((viewer) => viewer.audience === audience);
  }

  /**
   * Opens a stream.
   *
   * @param lines what this viewer has not seen of the log yet
   * @param again true: what the browser already shows of the log is not valid any more
   */
  open(viewer: Pick<Viewer, 'session' | 'audience' | 'response'>, lines: readonly LogLine[], again: boolean): Viewer {
    const { response, session } = viewer;
    const own = [...this.#viewers].filter((other) => other.session === session);
    for (const old of own.slice(0, Math.max(0, own.length - STREAMS_PER_SESSION + 1))) this.#close(old, 'closed');
    for (const old of [...this.#viewers].slice(0, Math.max(0, this.#viewers.size - MOST_STREAMS + 1)))
      this.#close(old, 'closed');
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    const opened: Viewer = { ...viewer, shown: new Map(), takenMs: now() };
    response.on('close', () => this.#viewers.delete(opened));
    response.on('error', () => this.#viewers.delete(opened));
    response.on('drain', () => (opened.takenMs = now()));
    this.#viewers.add(opened);
    this.#send(opened, `retry: 1000\n\n${again ? 'event: reset\ndata: {}\n\n' : ''}${lines.map(lineFrame).join('')}`);
    return opened;
  }

  /** A line of the log to everybody who may see it. */
  line(audience: Audience, line: LogLine): void {
    const frame = lineFrame(line);
    for (const viewer of this.#viewers) if (viewer.audience === audience) this.#send(viewer, frame);
  }

  /** The log anew: what was hidden is shown from now on. */
  again(audience: Audience, lines: readonly LogLine[]): void {
    const frame = `event: reset\ndata: {}\n\n${lines.map(lineFrame).join('')}`;
    for (const viewer of this.#viewers) if (viewer.audience === audience) this.#send(viewer, frame);
  }

  /** The parts of the page that have changed since this browser got them last. */
  show(audience: Audience, nowS: number, parts: ReadonlyMap<string, string>, only?: Viewer): void {
    for (const viewer of only ? [only] : this.#viewers) {
      if (viewer.audience !== audience) continue;
      this.#dropIfSlow(viewer);
      if (!this.#viewers.has(viewer) || viewer.response.writableLength > SKIP_BYTES) continue;
      const changed = [...parts].filter(([name, html]) => viewer.shown.get(name) !== html);
      for (const [name, html] of changed) viewer.shown.set(name, html);
      this.#send(viewer, `event: view\ndata: ${JSON.stringify({ nowS, parts: Object.fromEntries(changed) })}\n\n`);
    }
  }

  /** Says that the run is over, and closes all streams. */
  end(): void {
    for (const viewer of this.#viewers) this.#close(viewer, 'end');
  }

  #send(viewer: Viewer, frame: string): void {
    if (viewer.response.destroyed) return;
    if (viewer.response.write(frame)) viewer.takenMs = now();
    this.#dropIfSlow(viewer);
  }

  #dropIfSlow(viewer: Viewer): void {
    const unsent = viewer.response.writableLength;
    if (unsent > DROP_BYTES || (unsent > 0 && now() - viewer.takenMs > DROP_MS)) {
      this.#viewers.delete(viewer);
      viewer.response.destroy();
    }
  }

  #close(viewer: Viewer, event: 'closed' | 'end'): void {
    this.#viewers.delete(viewer);
    viewer.response.end(`event: ${event}\ndata: {}\n\n`);
  }
}

function lineFrame({ seq, html }: LogLine): string {
  return `id: ${seq}\nevent: line\ndata: ${JSON.stringify({ seq, html })}\n\n`;
}

function now(): number {
  return systemClock.nowUs() / 1000;
}
