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

/** The figures behind a chart, folded away on screens and open on paper. */
export function dataTable(title: string, heads: readonly Content[], rows: readonly (readonly Content[])[]): Markup {
  return html`<details class="data">
    <summary>${title}</summary>
    ${plainTable(title, heads, rows)}
  </details>`;
}

/** A table that scrolls sideways in its own box where the window is too narrow, reachable by keyboard. */
export function plainTable(label: string, heads: readonly Content[], rows: readonly (readonly Content[])[]): Markup {
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">
    <table>
      <thead>
        <tr>
          ${heads.map((head) => html`<th scope="col">${head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell, at) => (at === 0 ? html`<th scope="row">${cell}</th>` : html`<td>${cell}</td>`))}
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
}
