import { scaleLinear } from 'd3-scale';
import type { PartJudgement } from '../../verdict/judgement.js';
import type { ShownPart } from '../drift-sign.js';
import { html, type Markup } from '../html.js';
import { px } from './geometry.js';

const WIDTH = 250;
const HEIGHT = 22;
const EDGE = 6;

/**
 * An estimate with its interval against the line that it must not cross. What lies beyond the line is hatched, the
 * estimate is a dot where the part passed, a cross where it failed, and open where it is not decided; an end without a
 * bound leaves through the edge.
 *
 * @param shown The part's figures with the signs that people read (`drift-sign.ts`).
 */
export function driftBar(part: Pick<PartJudgement, 'part' | 'verdict'>, shown: ShownPart, words: string): Markup {
  const { value, low, high, badBelow } = shown;
  const known = [value, low, high, shown.limit, ...(part.part === 'objective' ? [] : [0])].filter(
    (number): number is number => number !== null && Number.isFinite(number),
  );
  const min = Math.min(...known);
  const max = Math.max(...known);
  const room = (max - min) * 0.14 || Math.abs(max) * 0.1 || 1;
  const x = scaleLinear([min - room, max + room], [EDGE, WIDTH - EDGE]).clamp(true);
  const middle = HEIGHT / 2;
  const limit = x(shown.limit);
  const left = low === null ? 0 : x(low);
  const right = high === null ? WIDTH : x(high);
  const beyond = badBelow ? { x: 0, width: limit } : { x: limit, width: WIDTH - limit };
  const zero = part.part === 'objective' ? undefined : x(0);
  return html`<svg
    class="drift ${part.verdict}"
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
    width="${WIDTH}"
    height="${HEIGHT}"
    role="img"
    aria-label="${words}"
  >
    <rect x="${px(beyond.x)}" y="2" width="${px(beyond.width)}" height="${HEIGHT - 4}" class="beyond" />
    <path d="M0 ${middle}H${WIDTH}" class="axis" />
    ${zero !== undefined && html`<path d="M${px(zero)} 7V${HEIGHT - 7}" class="axis" />`}
    <path d="M${px(limit)} 1V${HEIGHT - 1}" class="limit" />
    ${value === null && low === null && high === null ? '' : html`<path d="M${px(left)} ${middle}H${px(right)}" class="interval" />${low !== null && html`<path d="M${px(left)} ${middle - 4}v8" class="cap" />`}${high !== null && html`<path d="M${px(right)} ${middle - 4}v8" class="cap" />`}`}${value !== null && estimateMark(part.verdict, x(value), middle)}
  </svg>`;
}

function estimateMark(verdict: PartJudgement['verdict'], x: number, y: number): Markup {
  if (verdict === 'failed') {
    return html`<path d="M${px(x - 4)} ${px(y - 4)}l8 8m0 -8l-8 8" class="cross-back" /><path
        d="M${px(x - 4)} ${px(y - 4)}l8 8m0 -8l-8 8"
        class="cross"
      />`;
  }
  return html`<circle cx="${px(x)}" cy="${y}" r="4.5" class="${verdict === 'passed' ? 'dot' : 'dot open'}" />`;
}
