/** What the live page adds to the report's style sheet. */
export const GAME_STYLES = `
[hidden] { display: none !important; }
.game main { max-width: 96rem; padding-top: 0.75rem; }
.game section { margin-top: 1.25rem; }
.game section > h2 { border: 0; padding: 0; font-size: 1.05rem; margin-bottom: 0.5rem; }
.bar { position: sticky; top: 0; z-index: 2; background: var(--ground); border-bottom: 1px solid var(--rule); padding: 0.6rem clamp(1rem, 4vw, 2.5rem); }
.bar .masthead { margin: 0 auto; max-width: 91rem; flex-wrap: nowrap; gap: 1rem; }
.run-clock { margin-left: auto; display: inline-flex; align-items: baseline; gap: 0.9rem; font-variant-numeric: tabular-nums; }
#clock { font-size: 1.5rem; font-weight: 650; letter-spacing: -0.01em; }
#connection { color: var(--muted); }
#connection::before { content: ''; display: inline-block; width: 0.6rem; height: 0.6rem; margin-right: 0.4rem; border-radius: 50%; background: var(--inconclusive); }
#connection[data-state=live]::before { background: var(--passed); }
#connection[data-state=lost] { color: var(--failed); font-weight: 650; }
#connection[data-state=lost]::before { background: var(--failed); border-radius: 0; }
#connection[data-state=over]::before { background: var(--muted); }
.game button { font: inherit; font-size: 0.95rem; min-height: 2.5rem; padding: 0.4rem 0.9rem; border-radius: 6px; border: 1px solid var(--axis); background: var(--raised); color: var(--ink); cursor: pointer; }
.game button:hover { border-color: var(--link); }
.game button[aria-disabled=true], .game button:disabled { color: var(--muted); border-style: dashed; cursor: not-allowed; background: var(--ground); }
.game #abort { background: var(--failed); border-color: var(--failed); color: var(--ground); font-weight: 700; font-size: 1.05rem; min-height: 3rem; padding: 0.4rem 1.4rem; }
.game #abort:disabled { background: var(--raised); border-color: var(--axis); color: var(--muted); }
.game .inject { border-color: var(--fault); color: var(--fault); font-weight: 650; }
.game .lift { background: var(--link); border-color: var(--link); color: var(--ground); font-weight: 650; }
.game :focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.problem { background: var(--tint-failed); border-left: 4px solid var(--failed); padding: 0.6rem 0.9rem; max-width: none; }
.now { --state: var(--aborted); --tint: var(--raised); background: var(--tint); border: 1px solid var(--rule); border-left: 8px solid var(--state); border-radius: 8px; padding: 0.8rem 1.25rem; }
.now.calm, .now.passed { --state: var(--passed); --tint: var(--tint-passed); }
.now.broken { --state: var(--fault); --tint: var(--fault-ground); }
.now.failed { --state: var(--failed); --tint: var(--tint-failed); }
.now.unknown, .now.inconclusive { --state: var(--inconclusive); --tint: var(--tint-inconclusive); }
.now.errored { --state: var(--errored); --tint: var(--tint-errored); }
.now h1 { display: flex; align-items: center; gap: 0.7rem; margin: 0.1rem 0; font-size: clamp(1.5rem, 4vw, 2.1rem); line-height: 1.15; letter-spacing: -0.02em; color: var(--state); }
.now h1 span::first-letter { text-transform: capitalize; }
.now h1 .bolt { width: 44px; height: 44px; }
.now p { max-width: 60rem; margin: 0.2rem 0; }
.now .scenario { font-size: 0.875rem; color: var(--muted); margin: 0; }
.over { list-style: none; padding: 0; display: grid; gap: 0.25rem; margin: 0.4rem 0 0; }
.over li { display: flex; gap: 0.5rem; }
.over .icon { margin-top: 0.2rem; }
.path { list-style: none; display: grid; grid-template-columns: repeat(5, 1fr); gap: 0.3rem; padding: 0; margin: 0.75rem 0 0; font-size: 0.875rem; }
.path li { border-top: 4px solid var(--rule); padding-top: 0.3rem; color: var(--muted); display: flex; flex-wrap: wrap; gap: 0 0.5rem; }
.path .done { border-color: var(--good); }
.path .current { border-color: var(--link); color: var(--ink); font-weight: 650; }
.path .clock { font-variant-numeric: tabular-nums; font-weight: 400; }
.columns { display: grid; grid-template-columns: minmax(20rem, 26rem) minmax(0, 1fr); gap: 0 2.5rem; align-items: start; }
.levels { margin: 0; }
.levels th, .levels td { padding: 0.4rem 0.9rem 0.4rem 0; }
.levels td:nth-child(2) { font-weight: 650; white-space: nowrap; min-width: 5.5rem; }
.levels td:nth-child(3) { white-space: nowrap; }
.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 0.75rem; margin-top: 0.9rem; }
.game .stream { margin: 0; background: var(--raised); border-radius: 8px; padding: 0.6rem 0.9rem; }
.stream h3 { margin: 0; font-size: 0.875rem; color: var(--muted); }
.stream dl { display: grid; grid-template-columns: repeat(3, 1fr); gap: 0.5rem; margin: 0.2rem 0 0; }
.stream dt { font-size: 0.8rem; color: var(--muted); }
.stream dd { margin: 0; font-size: 1.3rem; font-weight: 650; font-variant-numeric: tabular-nums; letter-spacing: -0.01em; white-space: nowrap; }
.stream .worse dd { color: var(--failed); }
.game figure { margin: 0 0 0.75rem; }
.game figcaption { font-weight: 650; font-size: 0.9rem; margin-bottom: 0.2rem; }
.cards { list-style: none; padding: 0; margin: 0; display: grid; gap: 0.6rem; }
.card { display: flex; gap: 1rem; align-items: center; border: 1px solid var(--rule); border-left: 5px solid var(--rule); border-radius: 8px; padding: 0.6rem 0.9rem; }
.card.active, .card.injecting, .card.lifting { border-left-color: var(--fault); background: var(--fault-ground); }
.card .what { flex: 1; min-width: 0; }
.card h3 { margin: 0; font-size: 1rem; }
.card h3 code { font-weight: 400; color: var(--muted); }
.card p { margin: 0.1rem 0; font-size: 0.9rem; }
.card .state { font-variant-numeric: tabular-nums; }
.card .icon { margin-right: 0.35rem; }
.card .proof { color: var(--muted); font-size: 0.82rem; line-height: 1.35; }
.card.active .proof, .card.injecting .proof, .card.lifting .proof { color: var(--ink); }
.card button { min-width: 5rem; }
.buttons { display: flex; flex-wrap: wrap; gap: 0.5rem; margin-bottom: 0.7rem; }
form#note { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0.4rem 0.7rem; align-items: center; font-size: 0.9rem; }
form#note .buttons { grid-column: 1 / -1; margin: 0.2rem 0 0; }
.game input[name=who], .game input[name=text] { font: inherit; min-height: 2.4rem; padding: 0.3rem 0.6rem; border: 1px solid var(--axis); border-radius: 6px; background: var(--ground); color: var(--ink); min-width: 0; }
.game input::placeholder { color: var(--muted); opacity: 1; }
.log-box { margin-top: 0.8rem; max-height: 24rem; overflow-y: auto; border-top: 1px solid var(--rule); }
#log { list-style: none; margin: 0; padding: 0; font-size: 0.84rem; line-height: 1.4; }
#log li { display: grid; grid-template-columns: 3rem minmax(0, 1fr); gap: 0.4rem; padding: 0.3rem 0 0.3rem 0.5rem; border-left: 3px solid transparent; }
#log time { color: var(--muted); font-variant-numeric: tabular-nums; }
#log .quiet { color: var(--muted); }
#log .phase { font-weight: 650; }
#log .broken { border-left-color: var(--fault); }
#log .bad { border-left-color: var(--failed); color: var(--failed); }
#log .back { border-left-color: var(--good); }
#log .person { border-left-color: var(--link); background: var(--raised); }
@media (max-width: 64rem) {
  .columns { grid-template-columns: minmax(0, 1fr); }
  .game .wide { display: none; }
  .game .narrow { display: block; }
  .game .narrow svg { max-width: 34rem; }
}
@media (max-width: 47.5rem) {
  .game main { padding-bottom: 6rem; }
  .bar .masthead { gap: 0.5rem; }
  .bar #abort { position: fixed; left: 0.75rem; right: 0.75rem; bottom: 0.75rem; z-index: 3; min-height: 3.5rem; box-shadow: 0 2px 12px rgb(0 0 0 / 0.35); }
  .path { grid-template-columns: repeat(5, auto); font-size: 0.78rem; }
  .path .later span, .path .done span { font-size: 0.72rem; }
  .levels td:nth-child(3), .levels th:nth-child(3) { display: none; }
  .card { align-items: flex-start; }
}
`;
