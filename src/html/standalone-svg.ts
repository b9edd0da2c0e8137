import type { RunResult } from '../result/schema.js';
import { percentilePlot } from './charts/distribution.js';
import { WIDE } from './charts/geometry.js';
import { sharedShapes } from './charts/shared-shapes.js';
import { timeline } from './charts/timeline.js';
import { topologyChart } from './charts/topology.js';
import { html, raw, type Markup } from './html.js';
import { limitsOf } from './sections/timelines.js';
import { CHART_STYLES } from './theme-charts.js';
import { DARK, LIGHT } from './theme.js';

export interface ChartFile {
  /** Without a folder: `timeline-1-checkouts.svg`. */
  name: string;
  svg: string;
}

/** The report's charts as SVG documents that stand alone, for slides and wikis: light, or dark where the viewer is. */
export function chartFiles(result: RunResult): ChartFile[] {
  const streams = [...new Set(result.distribution.map((row) => row.stream))];
  return [
    ...result.series.map((series, at) => ({
      name: `timeline-${at + 1}-${fileName(series.stream)}.svg`,
      svg: standalone(
        `Timeline of ${series.stream}`,
        timeline(result, { series, limits: limitsOf(result, series) }, WIDE),
      ),
    })),
    ...streams.map((stream, at) => ({
      name: `response-times-${at + 1}-${fileName(stream)}.svg`,
      svg: standalone(
        `Response times of ${stream}`,
        percentilePlot(
          result.distribution.filter((row) => row.stream === stream),
          WIDE,
        ),
      ),
    })),
    ...(result.topology.services.length + result.topology.links.length > 0
      ? [{ name: 'system.svg', svg: standalone('The system', topologyChart(result, WIDE)) }]
      : []),
  ];
}

const STYLES = `svg { color-scheme: light dark; ${LIGHT} background: var(--ground); }
@media (prefers-color-scheme: dark) { svg { ${DARK} } }
.on-log { display: none; }
${CHART_STYLES}`;

/** A drawing of the report with what it needs from the page around it: name space, style, patterns, a name. */
function standalone(title: string, drawing: Markup): string {
  const body = drawing.text
    .replace(/ aria-hidden="true"| focusable="false"/g, '')
    .replace(/\n(?:aria-hidden|focusable)="[a-z]+"/g, '');
  const end = body.indexOf('>');
  const opening = `${body.slice(0, end).trimEnd()} xmlns="http://www.w3.org/2000/svg" role="img"`;
  const head = html`<title>${title}</title>${raw(`<style>${STYLES}</style>`)}${sharedShapes()}`.text;
  return `${opening}>${head}${body.slice(end + 1)}\n`;
}

/** What every file system takes. */
function fileName(text: string): string {
  return text.replace(/[^\w-]+/g, '-').slice(0, 40) || 'stream';
}
