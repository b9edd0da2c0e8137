import { CHART_STYLES } from './theme-charts.js';

/** Colours as custom properties. Text has at least 4.5:1 and lines of charts at least 3:1 on their ground, in both themes. */
export const LIGHT = `
  --ground: #fdfdfb; --raised: #f5f6f3; --ink: #1c2127; --muted: #57606a; --rule: #d9dcd8; --link: #1b5a9c;
  --passed: #1b6b3a; --failed: #b3201a; --inconclusive: #855400; --errored: #6a3a9c; --aborted: #4d5660;
  --tint-passed: #edf6ef; --tint-failed: #fcefed; --tint-inconclusive: #fbf4e4; --tint-errored: #f4effa; --tint-aborted: #f0f1f3;
  --grid: #e3e5e1; --axis: #7d868f; --p50: #5a87b8; --p95: #1b5a9c; --p99: #0d3359; --good: #2b7a4b; --offered: #4d5660;
  --fault: #a54c15; --fault-ground: #f8e3d3; --band-fault: #faf3ec; --band-recovery: #f1f6f0; --band-warmup: #f6f6f5; --band-baseline: #fdfdfb;
  --answer: #b3201a; --connection: #bf6b12; --timeout: #7a4fa3; --unsent: #57606a; --bar-line: #fdfdfb; --between: #b9bfc4;
  --curve-baseline: #57606a; --curve-fault: #a54c15; --curve-recovery: #2b7a4b;`;

export const DARK = `
  --ground: #15181c; --raised: #1d2126; --ink: #e7e9eb; --muted: #a4adb6; --rule: #363c43; --link: #8cbcf2;
  --passed: #74cf95; --failed: #ff8f85; --inconclusive: #e8b95a; --errored: #c6a7f2; --aborted: #b3bcc5;
  --tint-passed: #16241b; --tint-failed: #2c1a19; --tint-inconclusive: #282112; --tint-errored: #231c2e; --tint-aborted: #20242a;
  --grid: #2b3036; --axis: #8b949d; --p50: #5f8fc4; --p95: #8cbcf2; --p99: #d3e6fb; --good: #6cc48c; --offered: #b3bcc5;
  --fault: #f0a068; --fault-ground: #46301f; --band-fault: #221d19; --band-recovery: #181f1b; --band-warmup: #1b1e22; --band-baseline: #15181c;
  --answer: #ff8f85; --connection: #eda24f; --timeout: #c6a7f2; --unsent: #a4adb6; --bar-line: #15181c; --between: #4a5159;
  --curve-baseline: #a4adb6; --curve-fault: #f0a068; --curve-recovery: #6cc48c;`;

/** The whole style sheet of a report. */
export const STYLES = `
:root { color-scheme: light dark; ${LIGHT} }
@media (prefers-color-scheme: dark) { :root { ${DARK} } }
@media print { :root { color-scheme: light; ${LIGHT} } }
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-padding-top: 1rem; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif; }
main { max-width: 70rem; margin: 0 auto; padding: 1.25rem clamp(1rem, 4vw, 2.5rem) 4rem; }
h1, h2, h3, h4, p, li, dt, dd, td, th, figcaption, pre, code, summary { overflow-wrap: anywhere; unicode-bidi: isolate; }
h2 { font-size: 1.4rem; line-height: 1.25; font-weight: 650; letter-spacing: -0.01em; margin: 0 0 0.75rem; }
h3 { font-size: 1.05rem; line-height: 1.35; font-weight: 650; margin: 1.75rem 0 0.5rem; }
h4 { font-size: 0.95rem; font-weight: 650; margin: 1rem 0 0.25rem; }
p { margin: 0.5rem 0; max-width: 46rem; }
section { margin-top: 2.5rem; }
section > h2 { border-top: 1px solid var(--rule); padding-top: 1.25rem; }
ul { padding-left: 1.2rem; margin: 0.5rem 0; }
a { color: var(--link); text-underline-offset: 0.15em; }
a:focus-visible, button:focus-visible, summary:focus-visible, [tabindex]:focus-visible, input:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", "DejaVu Sans Mono", monospace; font-size: 0.86em; }
pre { background: var(--raised); border: 1px solid var(--rule); border-radius: 6px; padding: 0.75rem 1rem; margin: 0.5rem 0; white-space: pre-wrap; max-height: 32rem; overflow: auto; line-height: 1.45; }
pre code { font-size: 1em; }
.muted { color: var(--muted); }
.block { display: block; }
.lead { color: var(--muted); margin-top: 0; }
.note { background: var(--tint-inconclusive); border-left: 3px solid var(--inconclusive); padding: 0.5rem 0.75rem; }
.shapes { position: absolute; }
.when { font-variant-numeric: tabular-nums; }

.masthead { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0.25rem 1.5rem; font-size: 0.875rem; margin-bottom: 1rem; }
.brand { display: inline-flex; align-items: center; gap: 0.5rem; font-weight: 650; letter-spacing: 0.01em; }
.brand svg { fill: none; stroke: currentColor; stroke-width: 2.2; }
nav { display: flex; flex-wrap: wrap; gap: 0.1rem 1.1rem; }
nav a { color: var(--muted); text-decoration: none; padding: 0.2rem 0; }
nav a:hover { color: var(--link); text-decoration: underline; }

.icon { flex: none; fill: none; stroke-width: 2.4; stroke-linecap: round; stroke-linejoin: round; vertical-align: -0.22em; }
.icon .disc { fill: var(--state); }
.icon .stroke { stroke: var(--ground); }
.icon.bolt .disc { fill: var(--fault); }
.icon .flash { fill: var(--ground); }
.passed { --state: var(--passed); --tint: var(--tint-passed); }
.failed { --state: var(--failed); --tint: var(--tint-failed); }
.inconclusive { --state: var(--inconclusive); --tint: var(--tint-inconclusive); }
.errored { --state: var(--errored); --tint: var(--tint-errored); }
.aborted { --state: var(--aborted); --tint: var(--tint-aborted); }
.badge { display: inline-flex; align-items: center; gap: 0.35rem; color: var(--state); font-weight: 650; white-space: nowrap; vertical-align: bottom; }

.verdict { background: var(--tint); border: 1px solid var(--rule); border-left: 6px solid var(--state); border-radius: 8px; padding: 1.25rem clamp(1rem, 3vw, 1.75rem); }
.verdict .scenario { margin: 0; font-weight: 600; color: var(--muted); }
.verdict h1 { display: flex; align-items: center; gap: 0.75rem; margin: 0.15rem 0 0.5rem; font-size: clamp(1.7rem, 5vw, 2.3rem); line-height: 1.15; letter-spacing: -0.02em; font-weight: 700; color: var(--state); text-transform: capitalize; }
.verdict .why { font-size: clamp(1.05rem, 2.2vw, 1.2rem); line-height: 1.45; max-width: 54rem; margin: 0 0 0.9rem; }
.broken { list-style: none; padding: 0; margin: 0; display: grid; gap: 0.35rem; }
.broken li { display: flex; gap: 0.55rem; align-items: flex-start; }
.broken .icon { margin-top: 0.22rem; }
.alarm { background: var(--ground); border: 2px solid var(--failed); border-radius: 6px; padding: 0.6rem 1rem; margin: 0.6rem 0 1rem; }
.alarm p:first-child { color: var(--failed); max-width: none; }
.facts { display: flex; flex-wrap: wrap; gap: 0.35rem 2rem; margin: 1rem 0 0; padding-top: 0.75rem; border-top: 1px solid var(--rule); font-size: 0.875rem; }
.facts div { display: flex; gap: 0.45rem; }
.facts dt { color: var(--muted); flex: none; overflow-wrap: normal; }
.facts dd { margin: 0; font-variant-numeric: tabular-nums; }

.verdict h1.answer-title { text-transform: none; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 0 2rem; }
.pair > div { min-width: 0; }
.pair figcaption { margin: 0; }
.pair .wide { display: none; }
.pair .narrow { display: block; }

.verdicts { list-style: none; display: flex; flex-wrap: wrap; gap: 0.25rem; padding: 0; }
.verdicts a { display: inline-block; padding: 3px; }
.verdicts span { display: inline-block; padding: 3px; }
.trends { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); gap: 0 2rem; }
.trends figure { min-width: 0; break-inside: avoid; }

.index-title { font-size: clamp(1.3rem, 4vw, 1.8rem); line-height: 1.2; margin: 0.5rem 0 1rem; }
.runs { list-style: none; padding: 0; display: grid; grid-template-columns: minmax(0, 1fr); gap: 0.75rem; }
.run { display: flex; flex-wrap: wrap; gap: 0.5rem 1.5rem; align-items: center; justify-content: space-between; background: var(--tint); border: 1px solid var(--rule); border-left: 6px solid var(--state); border-radius: 8px; padding: 0.75rem 1.25rem; break-inside: avoid; }
.run-words { flex: 1 1 16rem; min-width: 0; }
.run h2 { font-size: 1.1rem; margin: 0; }
.run p { margin: 0.25rem 0; }
.run .muted { font-size: 0.84rem; }
.small-timeline { flex: 0 1 260px; background: var(--ground); border-radius: 4px; width: 260px; max-width: 100%; height: auto; }

table { border-collapse: collapse; width: 100%; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: 0.5rem 0.9rem 0.5rem 0; border-bottom: 1px solid var(--rule); font-weight: 400; }
thead th { color: var(--muted); font-size: 0.82rem; font-weight: 600; vertical-align: bottom; white-space: nowrap; }
.scroll { overflow-x: auto; margin: 0.5rem 0; }
.scroll td, .scroll th { white-space: nowrap; overflow-wrap: normal; }
.scroll td:last-child { min-width: 12rem; white-space: normal; overflow-wrap: anywhere; }
th.num, td.num { text-align: right; }
.scroll th.num, .scroll td.num { padding: 0.5rem 0.9rem; }
.scroll td.num:last-child { min-width: 0; }
.slos th[scope=row] { width: 19%; }
.slo-name { display: block; font-weight: 650; }
.slos th .muted, .severity, .because { display: block; font-size: 0.84rem; line-height: 1.4; }
.severity { color: var(--muted); font-style: italic; }
.value { display: block; font-weight: 600; white-space: nowrap; }
.slos .muted.interval { display: block; font-size: 0.8rem; white-space: nowrap; }
.parts { display: grid; gap: 0.5rem; }
.part-words { display: block; font-size: 0.82rem; line-height: 1.35; color: var(--muted); }
.part-words strong { color: var(--ink); font-weight: 600; }
.slos td:last-child { width: 28%; padding-right: 0; }
.because { color: var(--muted); margin-top: 0.2rem; }
.invariants, .warnings, .undo, .marks { list-style: none; padding: 0; display: grid; gap: 0.4rem; }
.warnings li { border-left: 3px solid var(--inconclusive); padding-left: 0.75rem; max-width: 46rem; }
.marks .when { display: inline-block; min-width: 3.2rem; }

.fault { border: 1px solid var(--rule); border-radius: 8px; padding: 1rem 1.25rem; margin: 1rem 0; }
.fault h3 { margin-top: 0; }
.fault h3 code { font-weight: 400; color: var(--muted); margin-left: 0.35rem; }
.pairs, .glossary { margin: 0.75rem 0; display: grid; gap: 0.5rem; }
.pairs > div, .glossary > div { display: grid; grid-template-columns: minmax(8rem, 11rem) minmax(0, 1fr); gap: 0.25rem 1rem; }
.pairs dt, .glossary dt { color: var(--muted); }
.pairs dd, .glossary dd { margin: 0; max-width: 46rem; }
.glossary dt { color: var(--ink); font-weight: 600; }
.steps { list-style: none; display: grid; grid-template-columns: repeat(auto-fit, minmax(6.5rem, 1fr)); gap: 0.25rem; padding: 0; margin: 1rem 0 0.5rem; font-size: 0.84rem; }
.steps li { border-top: 3px solid var(--good); padding-top: 0.3rem; display: flex; flex-direction: column; }
.steps li.missing { border-top: 3px dotted var(--axis); color: var(--muted); }

details.more { margin: 0.2rem 0 0; }
details.more summary { font-size: 0.82rem; }
details.data, .json details { margin: 0.5rem 0; }
summary { cursor: pointer; color: var(--link); font-size: 0.9rem; padding: 0.25rem 0; }
.copy { display: flex; gap: 0.5rem; align-items: flex-start; }
.copy pre { flex: 1; min-width: 0; }
.copy button { margin-top: 0.5rem; font: inherit; font-size: 0.875rem; color: var(--link); background: var(--raised); border: 1px solid var(--axis); border-radius: 6px; padding: 0.5rem 0.9rem; cursor: pointer; }
.copy button[hidden] { display: none; }
.scale { border: 0; padding: 0; margin: 0 0 0.25rem; display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; font-size: 0.875rem; color: var(--muted); }
.scale legend { float: left; padding: 0; margin-right: 1rem; }
.scale label { display: inline-flex; align-items: center; gap: 0.35rem; min-height: 24px; cursor: pointer; }
.scale input { accent-color: var(--link); margin: 0; width: 1rem; height: 1rem; }
.on-log { display: none; }
.scaled:has(.log-on:checked) .on-log { display: inline; }
.scaled:has(.log-on:checked) .on-linear { display: none; }
${CHART_STYLES}
@media (max-width: 47.5rem) {
  nav { display: none; }
  .wide { display: none; }
  .narrow { display: block; }
  .slos, .slos tbody, .slos tr, .slos th[scope=row], .slos td { display: block; width: auto; }
  .slos thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .slos tr { border: 1px solid var(--rule); border-radius: 8px; padding: 0.75rem 1rem; margin: 0 0 0.75rem; }
  .slos th[scope=row], .slos td { border: 0; padding: 0.2rem 0; }
  .slos td:last-child { width: auto; }
  .slos td:is([data-label="Baseline"], [data-label="Under fault"], [data-label="Baseline run"], [data-label="This run"]) { display: inline-block; vertical-align: top; margin-right: 1.5rem; }
  .slos td:is([data-label="Baseline"], [data-label="Under fault"], [data-label="Baseline run"], [data-label="This run"])::before { content: attr(data-label); display: block; font-size: 0.8rem; color: var(--muted); }
  .pairs > div, .glossary > div { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .fault { padding: 0.75rem 1rem; }
}
@media print {
  body { font-size: 10pt; }
  main { max-width: none; padding: 0 2mm; }
  .slos td:last-child { width: 24%; }
  .slos th[scope=row] { width: 17%; }
  nav, .copy button, .scale, .json details { display: none; }
  .wide { display: block; }
  .narrow { display: none; }
  section { margin-top: 1rem; }
  section > h2 { padding-top: 0.6rem; margin-bottom: 0.4rem; }
  h2, h3, h4 { break-after: avoid; }
  figure, .fault, tr, .verdict, li, .legend { break-inside: avoid; }
  thead { display: table-header-group; }
  pre { max-height: none; overflow: visible; }
  .scroll { overflow: visible; margin: 0.2rem 0; }
  .scroll th, .scroll td, .scroll th.num, .scroll td.num { padding: 0.12rem 0.5rem 0.12rem 0; }
  details.long .scroll { columns: 2; column-gap: 1.5rem; }
  details.data .scroll table { font-size: 0.68em; }
  details.long .scroll th, details.long .scroll td, details.long .scroll th.num, details.long .scroll td.num { padding-right: 0.3rem; }
  .steps { grid-template-columns: repeat(6, 1fr); }
  .pairs, .glossary { gap: 0.15rem; font-size: 0.88em; }
  .fault { padding: 0.5rem 0.8rem; margin: 0.6rem 0; }
  pre { font-size: 0.7em; padding: 0.4rem 0.6rem; }
  .verdict { padding: 0.8rem 1rem; }
  .slos th[scope=row], .slos td { padding: 0.25rem 0.5rem 0.25rem 0; font-size: 0.9em; }
  figure { margin: 0.2rem 0 0.6rem; }
  h3 { margin-top: 0.9rem; }
  .scroll table { font-size: 0.78em; }
  .scroll td, .scroll th { white-space: normal; overflow-wrap: break-word; }
  .scroll td:last-child { min-width: 0; }
  details.data > summary { list-style: none; color: var(--muted); }
  details.data::details-content { content-visibility: visible; block-size: auto; display: block; }
  .verdict, .icon, .steps li, .band, .fault-bar, .bar { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
