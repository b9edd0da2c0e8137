import { inFlightText } from '../result/in-flight.js';
import { decidedEarly } from '../result/run-story.js';
import type { FaultResult, RunResult } from '../result/schema.js';
import { trialTexts } from '../result/trial-text.js';
import { formatMs } from '../support/units.js';
import { clean, fit, painter, truncate, wrap, type Paint } from './text.js';
import { VERDICTS, reasonOf, type SloResult } from './words.js';

type Estimate = NonNullable<SloResult['windows']['fault']>;

export interface SummaryOptions {
  /** The last line: where the report is. */
  report: string;
  colour?: boolean;
}

const COLUMNS = 80;

/**
 * A result for people at a terminal or in a CI log: first line the verdict and why; then the SLOs in 80 columns, what was
 * broken and whether it was put back, what else to know; last line the path of the report. The first line and the last
 * are never broken, so that they can be searched for and clicked on.
 */
export function summary(result: RunResult, options: SummaryOptions): string {
  const paint = painter(options.colour ?? false);
  const blocks = [
    headline(result, paint),
    sloBlock(result, paint),
    faultBlock(result, paint),
    cleanupBlock(result, paint),
    gateBlock(result, paint),
    budgetBlock(result, paint),
    warningBlock(result, paint),
    `Report: ${clean(options.report)}`,
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/** `FAILED payment-slow: checkout p95 rose from 41 to 196 ms (…)`. */
function headline(result: RunResult, paint: Paint): string {
  const { word, sign, colour } = VERDICTS[result.verdict];
  const line = `${paint(colour, paint('bold', `${sign} ${word}`))} ${clean(truncate(result.run.scenario.name, 60))}: ${clean(result.sentence)}`;
  const lesser = result.slos.filter((slo) => slo.severity === 'warning' && slo.verdict !== 'passed').length;
  const early = decidedEarly(result);
  const notes = [
    ...(result.cleanup.proven ? [] : ['NOT PROVEN TO BE PUT BACK, a fault may still be active']),
    ...(early === undefined ? [] : [early]),
    ...(lesser > 0 ? [`${lesser} of lesser weight ${lesser === 1 ? 'does' : 'do'} not hold for sure`] : []),
    ...(result.run.complete ? [] : ['the run was killed, so this is only what its logs still tell']),
  ];
  return notes.length === 0 ? line : `${line} [${notes.join('; ')}]`;
}

const NAME = 21;
const VALUE = 10;

function sloBlock(result: RunResult, paint: Paint): string {
  if (result.slos.length === 0 && result.invariants.length === 0) return 'No SLO was judged.';
  const lines =
    result.slos.length === 0
      ? []
      : [
          paint(
            'dim',
            `  ${fit('SLO', NAME)} ${fit('baseline', VALUE, 'right')} ${fit('fault', VALUE, 'right')} ${fit('recovery', VALUE, 'right')}  verdict`,
          ),
        ];
  for (const slo of result.slos) lines.push(...sloLines(slo, paint));
  for (const invariant of result.invariants) {
    const verdict = invariant.held === null ? 'inconclusive' : invariant.held ? 'passed' : 'failed';
    const { sign, colour } = VERDICTS[verdict];
    const blank = ' '.repeat(3 * VALUE + 2);
    const word = invariant.held === null ? 'not checked' : invariant.held ? 'held' : 'violated';
    lines.push(`${paint(colour, sign)} ${fit(clean(invariant.name), NAME)} ${blank}  ${paint(colour, word)}`);
    if (invariant.held !== true) lines.push(...explain(invariant.message));
  }
  return lines.join('\n');
}

function sloLines(slo: SloResult, paint: Paint): string[] {
  const { sign, colour } = VERDICTS[slo.verdict];
  const { baseline, fault, recovery } = slo.windows;
  const cells = [baseline, fault, recovery].map((estimate) => fit(valueText(estimate, slo.unit), VALUE, 'right'));
  const weight = slo.severity === 'critical' ? '' : ` (${slo.severity})`;
  const row = `${paint(colour, sign)} ${fit(clean(slo.name), NAME)} ${cells.join(' ')}  ${paint(colour, slo.verdict)}`;
  const rows = [weight === '' ? row : row + paint('dim', weight)];
  if (slo.verdict !== 'passed') {
    rows.push(...explain(reasonOf(slo)));
    // Of the reason that is shown, not of another part's.
    const hint = slo.verdict === 'inconclusive' ? slo.reasons[0]?.hint : undefined;
    if (hint !== undefined) rows.push(...explain(hint));
  }
  for (const text of trialTexts(slo)) rows.push(...explain(text));
  return rows;
}

function explain(text: string): string[] {
  return wrap(truncate(clean(text), 400), COLUMNS - 4).map((line) => `    ${line}`);
}

/** A value in its unit, short enough for a table; `–` where there is none. */
function valueText(estimate: Estimate | undefined, unit: SloResult['unit']): string {
  const value = estimate?.value;
  if (value === undefined) return '–';
  if (value === null) return 'no answer';
  if (unit === 'seconds') return formatMs(value * 1000);
  if (unit === 'ratio') return `${Number((value * 100).toFixed(3))} %`;
  return `${Number(value.toFixed(value < 10 ? 2 : 1))}/s`;
}

function faultBlock(result: RunResult, paint: Paint): string {
  if (result.faults.length === 0) return '';
  return [paint('bold', 'Broken on purpose'), ...result.faults.flatMap((fault) => faultLines(fault, paint))].join('\n');
}

function faultLines(fault: FaultResult, paint: Paint): string[] {
  const lines = wrap(truncate(clean(`${fault.id} ${fault.summary}`), 240), COLUMNS - 4, '   ').map(
    (line) => `  ${line}`,
  );
  for (const [label, state] of [
    ['effect', withInFlight(effectOf(fault), fault)],
    ['undone', undoneOf(fault)],
  ] as const) {
    const sign = paint(state.colour, `${state.sign} ${label}:`);
    const [first = '', ...rest] = wrap(truncate(clean(state.text), 400), COLUMNS - 15, '');
    lines.push(`     ${sign} ${first}`, ...rest.map((line) => `               ${line}`));
  }
  return lines;
}

interface Finding {
  sign: string;
  colour: 'green' | 'red' | 'yellow';
  text: string;
}

function effectOf(fault: FaultResult): Finding {
  if (fault.proof !== null) return findingOf(fault.proof.status, fault.proof.finding);
  if (fault.error !== undefined) return { sign: '✗', colour: 'red', text: fault.error.message };
  if (fault.requestedS === null) return { sign: '–', colour: 'yellow', text: 'was never injected' };
  return { sign: '?', colour: 'yellow', text: 'was ordered, but there is no proof of it' };
}

/** What became of the requests in flight is part of the effect of a kill. */
function withInFlight(finding: Finding, fault: FaultResult): Finding {
  const text = inFlightText(fault);
  return text === undefined ? finding : { ...finding, text: `${finding.text}; ${text}` };
}

function undoneOf(fault: FaultResult): Finding {
  const failed = fault.undo.find((record) => record.state === 'failed');
  if (failed !== undefined) return { sign: '✗', colour: 'red', text: `${failed.words}: ${failed.message ?? 'failed'}` };
  if (fault.undoProof !== null) return findingOf(fault.undoProof.status, fault.undoProof.finding);
  if (fault.requestedS === null) return { sign: '–', colour: 'green', text: 'nothing to undo' };
  return { sign: '✗', colour: 'red', text: 'there is no proof that it is gone' };
}

function findingOf(status: 'confirmed' | 'mismatch' | 'unknown', text: string): Finding {
  if (status === 'confirmed') return { sign: '✓', colour: 'green', text };
  return status === 'mismatch' ? { sign: '✗', colour: 'red', text } : { sign: '?', colour: 'yellow', text };
}

function cleanupBlock(result: RunResult, paint: Paint): string {
  const { proven, sentence, byHand } = result.cleanup;
  if (proven) return `${paint('green', '✓ Put back:')} ${clean(sentence)}`;
  return [
    paint('red', paint('bold', '✗ NOT PROVEN TO BE PUT BACK')),
    ...explain(sentence),
    ...(byHand.length > 0 ? ['    Run `plimsoll recover`, or by hand:'] : ['    Run `plimsoll recover`.']),
    ...byHand.map((command) => `      ${clean(command)}`),
  ].join('\n');
}

/** What the gate did about what broke. */
function gateBlock({ gate = [] }: RunResult, paint: Paint): string {
  return gate
    .flatMap(({ severity, command, done, message }) => [
      done
        ? `${paint('green', `✓ Gate, ${severity}:`)} ${clean(truncate(command, 200))}`
        : `${paint('red', paint('bold', `✗ GATE, ${severity}, NOT DONE:`))} ${clean(truncate(command, 200))}`,
      ...wrap(truncate(clean(message), 600), COLUMNS - 4, '').map((line) => `    ${line}`),
    ])
    .join('\n');
}

function budgetBlock({ budget }: RunResult, paint: Paint): string {
  if (!budget) return '';
  const [first = '', ...rest] = wrap(truncate(clean(`${budget.name}: ${budget.sentence}`), 500), COLUMNS - 14, '');
  return [`${paint('bold', 'Error budget')}  ${first}`, ...rest.map((line) => `              ${line}`)].join('\n');
}

function warningBlock(result: RunResult, paint: Paint): string {
  return result.warnings
    .flatMap(({ code, message }) => {
      const [first = '', ...rest] = wrap(truncate(clean(`[${code}] ${message}`), 500), COLUMNS - 8);
      return [`${paint('yellow', 'warning')}${first}`, ...rest.map((line) => `        ${line}`)];
    })
    .join('\n');
}
