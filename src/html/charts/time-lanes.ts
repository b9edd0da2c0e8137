import type { ScaleLinear } from 'd3-scale';
import type { FaultResult, RunResult } from '../../result/schema.js';
import { clip, html, type Markup } from '../html.js';
import { labelWidth, px } from './geometry.js';

export interface TimeAxis {
  time: ScaleLinear<number, number>;
  left: number;
  right: number;
  fontSize: number;
}

const LOAD_PHASES = new Set(['warmup', 'baseline', 'fault', 'recovery']);
const BETWEEN = new Set(['injecting', 'undoing', 'checking']);

/** Phases as bands behind everything; named where the name fits. Seconds that count for no window are hatched. */
export function phaseBands(phases: RunResult['phases'], axis: TimeAxis, bottom: number): Markup {
  return html`${phases.map(({ phase, startS, endS }) => {
    if (!LOAD_PHASES.has(phase) && !BETWEEN.has(phase)) return '';
    const from = Math.max(axis.left, axis.time(startS));
    const to = Math.min(axis.right, axis.time(endS));
    const width = Math.max(0, to - from);
    const fits = LOAD_PHASES.has(phase) && labelWidth(phase, axis.fontSize) + 8 <= width;
    return html`<rect
        x="${px(from)}"
        y="0"
        width="${px(width)}"
        height="${px(bottom)}"
        class="band ${LOAD_PHASES.has(phase) ? phase : 'between'}"
      />${fits && html`<text x="${px(from + width / 2)}" y="${axis.fontSize + 1}" text-anchor="middle" class="phase">${phase}</text>`}<path
        d="M${px(from)} 0V${px(bottom)}"
        class="edge"
      />`;
  })}`;
}

/**
 * One lane a fault: hatched from its injection to the proof of its undo, with its name; a diamond marks the moment of an
 * instant one. Faults that were never injected have no lane.
 */
export function faultLanes(
  faults: readonly FaultResult[],
  axis: TimeAxis,
  laneHeight: number,
): { markup: Markup; height: number } {
  const shown = faults.filter((fault) => fault.requestedS !== null).slice(0, 12);
  const lanes = shown.map((fault, at) => {
    const startS = fault.injectedS ?? fault.requestedS ?? 0;
    const endS = fault.undoProvenS ?? fault.undoDoneS ?? axis.time.invert(axis.right);
    // Ordered several times, it has a bar each time; the name stands by the longest.
    const bars = (fault.acts ?? [{ fromS: startS, toS: endS }]).map(({ fromS, toS }) => {
      const x = axis.time(fromS);
      return { x, width: Math.max(3, axis.time(toS ?? axis.time.invert(axis.right)) - x) };
    });
    const { x: from, width } = bars.reduce((longest, bar) => (bar.width > longest.width ? bar : longest));
    const y = at * laneHeight + 3;
    const height = laneHeight - 6;
    const text = clip(`${fault.id} ${fault.title}`, 34);
    const textWidth = 1.08 * labelWidth(text, axis.fontSize) + 12;
    const inside = textWidth <= width - 12;
    const after = from + width + textWidth <= axis.right;
    const textX = inside ? from + 10 : after ? from + width + 6 : from - 8;
    const middle = y + height / 2;
    const anchor = inside || after ? 'start' : 'end';
    const plate = anchor === 'start' ? textX - 4 : textX - textWidth + 8;
    return html`${bars.map(
        (bar) =>
          html`<rect
            x="${px(bar.x)}"
            y="${px(y)}"
            width="${px(bar.width)}"
            height="${px(height)}"
            rx="3"
            class="fault-bar"
          />`,
      )}${inside && html`<rect x="${px(plate)}" y="${px(y + 1)}" width="${px(textWidth - 4)}" height="${px(height - 2)}" rx="2" class="plate" />`}${fault.duration === 'instant' && html`<path d="M${px(from)} ${px(middle - 8)}l7 8l-7 8l-7 -8z" class="instant" />`}<text
        x="${px(textX + (fault.duration === 'instant' && inside ? 2 : 0))}"
        y="${px(middle + axis.fontSize * 0.35)}"
        text-anchor="${anchor}"
        class="fault-name"
        >${text}</text
      >`;
  });
  return { markup: html`${lanes}`, height: shown.length * laneHeight };
}

const MARKS = {
  breached: { path: 'M-6 0h12l-6 10z', words: 'over the line' },
  recovered: { path: 'M-6 10h12l-6 -10z', words: 'recovered' },
  stop: { path: 'M-5 0h10v10h-10z', words: 'stopped' },
} as const;

/** Live marks: a triangle down where a limit was passed, up where it was kept again, a square where the run was stopped. */
export function markLines(marks: RunResult['marks'], axis: TimeAxis, top: number, bottom: number): Markup {
  return html`${marks.slice(0, 40).map(({ kind, atS }) => {
    const x = axis.time(atS);
    if (x < axis.left || x > axis.right) return '';
    const { path } = MARKS[kind];
    return html`<path d="M${px(x)} ${px(top)}V${px(bottom)}" class="mark-line ${kind}" /><path
        d="${path}"
        transform="translate(${px(x)} ${px(top - 5)})"
        class="mark ${kind}"
      />`;
  })}`;
}
