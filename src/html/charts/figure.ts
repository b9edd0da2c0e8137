import { html, type Content, type Markup } from '../html.js';
import { NARROW, WIDE, type Frame } from './geometry.js';

export interface FigureParts {
  /** What the chart shows to whoever can't see it: its finding. */
  label: string;
  caption: Content;
  draw: (frame: Frame) => Markup;
  legend?: Content;
  table?: Content;
  before?: Content;
}

/** A chart with its caption and data. Drawn twice; style sheets show the one that fits, readers hear one label. */
export function figure({ label, caption, draw, legend, table, before }: FigureParts): Markup {
  return html`<figure>
    <figcaption>${caption}</figcaption>
    ${before}
    <div class="chart" role="img" aria-label="${label}">
      <div class="wide">${draw(WIDE)}</div>
      <div class="narrow">${draw(NARROW)}</div>
    </div>
    ${legend === undefined ? '' : html`<div class="legend">${legend}</div>`}${table}
  </figure>`;
}

/** An `svg` element of the given size in chart units; it fills the width it is given. */
export function svg(width: number, height: number, body: Content): Markup {
  return html`<svg
    viewBox="0 0 ${width} ${height}"
    width="${width}"
    height="${height}"
    aria-hidden="true"
    focusable="false"
  >
    ${body}
  </svg>`;
}

/** A table of more rows is set in two columns on paper. */
const LONG = 24;

/** The figures behind a chart, folded away on screens and open on paper. */
export function dataTable(title: string, heads: readonly Content[], rows: readonly (readonly Content[])[]): Markup {
  return html`<details class="data${rows.length > LONG && ' long'}">
    <summary>${title}</summary>
    ${plainTable(title, heads, rows)}
  </details>`;
}

/** A number with its unit, or the sign that there is none. */
const NUMERIC = /^(?:[−+±]?[\d,.]+(?:\s(?:ms|s|%|pp)|\/s)?|–)$/;

/**
 * A table that scrolls sideways in its own box where the window is too narrow, reachable by keyboard. Columns that hold
 * numbers alone are aligned to the right.
 */
export function plainTable(label: string, heads: readonly Content[], rows: readonly (readonly Content[])[]): Markup {
  const numeric = heads.map((_, at) => rows.length > 0 && rows.every((row) => isNumeric(row[at])));
  const kind = (at: number): Markup | false => numeric[at] === true && html` class="num"`;
  return html`<div class="scroll" role="group" aria-label="${label}" tabindex="0">
    <table>
      <thead>
        <tr>
          ${heads.map((head, at) => html`<th scope="col" ${kind(at)}>${head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell, at) => (at === 0 ? html`<th scope="row" ${kind(at)}>${cell}</th>` : html`<td${kind(at)}>${cell}</td>`))}
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
}

function isNumeric(cell: Content): boolean {
  return typeof cell === 'string' && NUMERIC.test(cell);
}
