import type { RunResult } from '../../result/schema.js';
import { figure, plainTable } from '../charts/figure.js';
import { mermaid, topologyChart, topologyOf } from '../charts/topology.js';
import { plural } from '../format.js';
import { clip, html, name, type Markup } from '../html.js';

/** Services and links, with the faults on what they hit; as a drawing, a table and Mermaid text. */
export function topologySection(result: RunResult): Markup {
  const { services, links } = result.topology;
  if (services.length === 0 && links.length === 0) {
    return html`<section aria-labelledby="topology">
      <h2 id="topology">System</h2>
      <p>
        ${result.verdict === 'errored' ? 'The run ended before its system was looked at.' : 'The scenario names no service and no link.'}
      </p>
    </section>`;
  }
  const { nodes, edges } = topologyOf(result);
  const hit = [
    ...nodes.filter(({ faults }) => faults.length > 0).map((node) => node.name),
    ...edges.filter(({ faults }) => faults.length > 0).map(({ link }) => link.name),
  ];
  const back = [...nodes, ...edges].every(({ faults, putBack }) => faults.length === 0 || putBack);
  const finding = `${plural(nodes.length, 'service')} and ${plural(links.length, 'link')}; ${hit.length === 0 ? 'nothing was hit' : `hit: ${clip(hit.map((item) => clip(item, 40)).join(', '), 200)}; ${back ? 'all of it is back' : 'not all of it is proven to be back'}`}.`;
  return html`<section aria-labelledby="topology">
    <h2 id="topology">System</h2>
    ${figure({
      label: finding,
      caption: finding,
      draw: (frame) => topologyChart(result, frame),
      legend: html`<ul>
        <li>
          <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
            <g transform="translate(10 10)" class="sign passed">
              <circle r="9" />
              <path d="M-4 0.5l3 3l5 -6" />
            </g></svg
          >hit, and proven to be back
        </li>
        <li>
          <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
            <g transform="translate(10 10)" class="sign failed">
              <circle r="9" />
              <path d="M0 -5v6M0 4.4v0.4" />
            </g></svg
          >hit, not proven to be back
        </li>
      </ul>`,
    })}
    ${
      links.length > 0 &&
      plainTable(
        'Links',
        ['Link', 'From', 'To', 'Through the proxy', 'Protocol'],
        links.map((link) => [
          name(link.name, 60),
          name(link.from, 40),
          name(link.to, 40),
          html`<code>${clip(link.listen, 80)}</code> → <code>${clip(link.upstream, 80)}</code>`,
          clip(link.protocol, 20),
        ]),
      )
    }
    ${
      services.length > 0 &&
      plainTable(
        'Services',
        ['Service', 'Where'],
        services.map((service) => [name(service.name, 60), clip(service.detail, 200)]),
      )
    }
    <details class="data">
      <summary>The same as Mermaid text</summary>
      <pre tabindex="0" role="group" aria-label="Mermaid text">${mermaid(result)}</pre>
    </details>
  </section>`;
}
