/** The part of the style sheet that charts use. */
export const CHART_STYLES = `
figure { margin: 0.5rem 0 1.5rem; }
figcaption { margin-bottom: 0.6rem; max-width: 46rem; }
.chart svg, .drift { display: block; width: 100%; height: auto; }
.drift { max-width: 250px; min-width: 170px; }
.narrow { display: none; }
svg text { fill: var(--ink); font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif; unicode-bidi: isolate; }
.narrow svg text { font-size: 12px; }
svg .tick, svg .muted, svg .panel-title { fill: var(--muted); font-variant-numeric: tabular-nums; }
svg .tick { font-size: 0.75rem; }
svg .phase { fill: var(--muted); font-weight: 600; }
.grid { stroke: var(--grid); fill: none; }
.axis { stroke: var(--axis); fill: none; }
.edge { stroke: var(--grid); fill: none; }
.band { fill: var(--band-baseline); }
.band.warmup { fill: var(--band-warmup); }
.band.fault { fill: var(--band-fault); }
.band.recovery { fill: var(--band-recovery); }
.band.between { fill: url(#hatch-between); }
.line { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.line.p50 { stroke: var(--p50); }
.line.p95 { stroke: var(--p95); stroke-width: 2.2; }
.line.p99 { stroke: var(--p99); stroke-dasharray: 5 3; }
svg .end.p50 { fill: var(--muted); }
svg .end.p95 { fill: var(--p95); font-weight: 650; }
svg .end.p99 { fill: var(--p99); }
.lost { stroke-width: 3; fill: none; }
.lost.p50 { stroke: var(--p50); }
.lost.p95 { stroke: var(--p95); }
.lost.p99 { stroke: var(--p99); }
.line.good { stroke: var(--good); stroke-width: 2; }
.line.offered { stroke: var(--offered); stroke-dasharray: 4 3; stroke-width: 1.4; }
.line.curve-baseline { stroke: var(--curve-baseline); stroke-dasharray: 6 4; }
.line.curve-fault { stroke: var(--curve-fault); stroke-width: 2.4; }
.line.curve-recovery { stroke: var(--curve-recovery); stroke-dasharray: 2 3; }
svg .end.curve-baseline { fill: var(--curve-baseline); }
svg .end.curve-fault { fill: var(--curve-fault); font-weight: 650; }
svg .end.curve-recovery { fill: var(--curve-recovery); }
.limit { stroke: var(--failed); stroke-dasharray: 7 4; stroke-width: 1.4; fill: none; }
svg .limit-label { fill: var(--failed); font-size: 0.75rem; paint-order: stroke; stroke: var(--ground); stroke-width: 4px; stroke-linejoin: round; }
.bar.answer { fill: var(--answer); }
.bar.connection { fill: url(#bars-connection); stroke: var(--connection); stroke-width: 0.6; }
.bar.timeout { fill: url(#bars-timeout); stroke: var(--timeout); stroke-width: 0.6; }
.bar.unsent { fill: var(--ground); stroke: var(--unsent); stroke-width: 1.4; }
.connection-ground { fill: var(--connection); }
.timeout-ground { fill: var(--timeout); }
.bar-line { stroke: var(--bar-line); stroke-width: 2; fill: none; }
.fault-bar { fill: url(#hatch); stroke: var(--fault); stroke-width: 1.2; }
.hatch-ground { fill: var(--fault-ground); }
.hatch-line { stroke: var(--fault); stroke-width: 2; opacity: 0.75; }
.plate { fill: var(--ground); }
.instant { fill: var(--fault); stroke: var(--ground); stroke-width: 1.5; }
svg .fault-name { fill: var(--fault); font-weight: 600; }
.between-line { stroke: var(--between); stroke-width: 1.4; }
.mark-line { fill: none; stroke-width: 1.2; stroke-dasharray: 2 3; }
.mark-line.breached, .mark-line.stop { stroke: var(--failed); }
.mark-line.recovered { stroke: var(--good); }
.mark.breached, .mark.stop { fill: var(--failed); }
.mark.recovered { fill: var(--good); }
.legend ul { list-style: none; display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; padding: 0; margin: 0.5rem 0 0; font-size: 0.84rem; color: var(--muted); }
.legend li { display: inline-flex; align-items: center; gap: 0.4rem; }
.legend svg { flex: none; }
.drift .beyond { fill: url(#hatch-beyond); }
.beyond-line { stroke: var(--failed); stroke-width: 1; opacity: 0.55; }
.drift .limit { stroke-dasharray: none; stroke-width: 2; }
.drift .interval, .drift .cap { stroke: var(--state); fill: none; }
.drift .interval { stroke-width: 3; }
.trend { max-width: 420px; }
.drift .interval.thin { stroke-width: 1.6; }
.drift .cap { stroke-width: 2; }
.drift .dot { fill: var(--state); stroke: var(--ground); stroke-width: 1.5; }
.drift .dot.open { fill: var(--ground); stroke: var(--state); stroke-width: 2.2; }
.drift .cross { stroke: var(--state); stroke-width: 2.6; fill: none; stroke-linecap: round; }
.drift .cross-back { stroke: var(--ground); stroke-width: 6; fill: none; stroke-linecap: round; }
.node rect { fill: var(--raised); stroke: var(--axis); stroke-width: 1.4; }
.node.hit rect { stroke: var(--fault); stroke-width: 2.6; stroke-dasharray: 7 4; fill: var(--fault-ground); }
.node text { font-weight: 600; }
.node .fault-name { paint-order: stroke; stroke: var(--ground); stroke-width: 5px; stroke-linejoin: round; }
.link path { fill: none; stroke: var(--axis); stroke-width: 1.6; }
.link.hit > path { stroke: var(--fault); stroke-width: 3; stroke-dasharray: 8 5; }
.arrow { fill: var(--axis); }
.arrow-hit { fill: var(--fault); }
.sign circle { fill: var(--state); stroke: var(--ground); stroke-width: 2; }
.sign path { fill: none; stroke: var(--ground); stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
`;
