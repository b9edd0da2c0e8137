import { html, type Content, type Markup } from './html.js';

/** A term and what it is, inside a `dl`. */
export function pair(label: string, value: Content): Markup {
  return html`<div>
    <dt>${label}</dt>
    <dd>${value}</dd>
  </div>`;
}

/**
 * The table of SLOs, one row each: on a phone every row becomes a card, in which cells carry their column's name. Roles are
 * written out, since styles that turn rows into blocks take them away.
 */
export function sloTable(heads: readonly string[], rows: Content): Markup {
  return html`<table class="slos" role="table">
    <thead role="rowgroup">
      <tr role="row">
        ${heads.map((head) => html`<th scope="col" role="columnheader">${head}</th>`)}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${rows}
    </tbody>
  </table>`;
}

/** A cell of that table under the column of that name. */
export function sloCell(head: string, content: Content): Markup {
  return html`<td role="cell" data-label="${head}">${content}</td>`;
}
