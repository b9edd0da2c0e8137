import { figure } from '../html/charts/figure.js';
import { timeline } from '../html/charts/timeline.js';
import { topologyChart } from '../html/charts/topology.js';
import { formatValue } from '../html/format.js';
import { clip, html, name, type Markup } from '../html/html.js';
import { faultsOf } from '../result/faults.js';
import { marksOf, phasesOf } from '../result/run-story.js';
import { seriesOf, type GameState } from './state.js';

/** Pictures of more streams than these are in the report alone. */
const CHARTS = 4;

/** The report's own timeline, growing. */
export function chartPart(state: GameState, { nowS }: { nowS: number }): Markup {
  const phases = phasesOf(state.events);
  const last = phases.at(-1);
  if (last && !state.ended) last.endS = Math.max(last.endS, nowS);
  const story = {
    phases,
    faults: faultsOf(state.events, []).map(({ result }) => result),
    marks: marksOf(state.events),
  };
  const drawn = [...state.streams.values()].slice(0, CHARTS).map((stream) => {
    const series = seriesOf(stream);
    if (!series) return '';
    const limits = state.limits.flatMap(({ slo, indicator, streams, limit }) =>
      limit && indicator.type === 'latency' && streams.includes(stream.name)
        ? [{ valueS: limit.value, label: `${clip(slo, 24)}: ${formatValue(limit.value, 'seconds')}` }]
        : [],
    );
    return figure({
      label: `Timeline of ${clip(stream.name, 60)}; its figures stand above`,
      caption: name(stream.name, 60),
      draw: (frame) => timeline(story, { series, limits: limits.slice(0, 2) }, frame),
    });
  });
  return drawn.length > 0 ? html`${drawn}` : html`<p class="muted">The charts begin with the load.</p>`;
}

/** Services and links, with what is broken. */
export function topologyPart(state: GameState): Markup {
  const { plan } = state;
  if (!plan || plan.topology.services.length + plan.topology.links.length === 0)
    return html`<p class="muted">The scenario names no service and no link.</p>`;
  const { topology } = plan;
  const faults = faultsOf(state.events, []).map(({ result }) => result);
  return figure({
    label: `${topology.services.length} services and ${topology.links.length} links`,
    caption: '',
    draw: (frame) => topologyChart({ topology, faults }, frame),
  });
}
