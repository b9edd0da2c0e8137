import { clockTime, formatCount, formatDrift, formatValue } from '../html/format.js';
import { shownPart } from '../html/drift-sign.js';
import type { FaultResult, RunResult } from '../result/schema.js';
import { clean, truncate } from './text.js';
import { VERDICTS, reasonOf, type SloResult } from './words.js';

const EMOJI: Readonly<Record<RunResult['verdict'], string>> = {
  passed: '✅',
  failed: '❌',
  inconclusive: '❔',
  errored: '⚠️',
  aborted: '⏹️',
};

/** How many SLOs, faults and warnings a text shows; chats and pull requests are no place for hundreds. */
const MOST = { slos: 40, faults: 10, warnings: 10 };

/**
 * A result as GitHub-flavoured Markdown: verdict and why, the SLOs, what was broken and whether it was put back. At most a
 * few dozen kilobytes, whatever the names hold.
 *
 * @param report Where the whole report is, in words or as a path; absent: nothing is said of it.
 */
export function markdownSummary(result: RunResult, report?: string): string {
  const { word } = VERDICTS[result.verdict];
  const { run, cleanup } = result;
  const blocks = [
    `### ${EMOJI[result.verdict]} ${word}: ${escapeMarkdown(run.scenario.name, 100)}`,
    escapeMarkdown(result.sentence, 900),
    ...(cleanup.proven ? [] : [cleanupAlarm(cleanup)]),
    ...(run.complete ? [] : ['**The run was killed**, so this is only what its logs still tell.']),
    sloTable(result.slos),
    ...(result.invariants.length > 0 ? [invariants(result.invariants)] : []),
    faults(result),
    gateLines(result),
    ...(result.warnings.length > 0 ? [warnings(result.warnings)] : []),
    `<sub>${facts(result)}${report === undefined ? '' : ` · report: ${code(report)}`}</sub>`,
  ];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

function sloTable(slos: readonly SloResult[]): string {
  if (slos.length === 0) return 'No SLO was judged.';
  const order = ['failed', 'inconclusive', 'passed'];
  const severities = ['critical', 'warning', 'info'];
  const rank = (slo: SloResult): number => 3 * severities.indexOf(slo.severity) + order.indexOf(slo.verdict);
  const sorted = slos.toSorted((a, b) => rank(a) - rank(b));
  const rows = sorted.slice(0, MOST.slos).map((slo) => {
    const { baseline, fault } = slo.windows;
    const drift = slo.parts.find(({ part }) => part === 'tolerance');
    const shown = drift === undefined ? undefined : shownPart(drift, slo);
    const moved =
      drift === undefined || shown === undefined || drift.n.fault === 0
        ? '–'
        : `${formatDrift(shown.value, drift.unit)} (tolerance ${formatDrift(shown.limit, drift.unit)})`;
    const lesser = slo.severity === 'critical' ? '' : ` (${slo.severity})`;
    const why = slo.verdict === 'passed' ? '' : ` ${escapeMarkdown(reasonOf(slo), 300)}`;
    return `| ${escapeMarkdown(slo.name, 60)}${lesser} | ${formatValue(baseline?.value, slo.unit)} | ${formatValue(fault?.value, slo.unit)} | ${moved} | ${EMOJI[slo.verdict]} ${slo.verdict}${why} |`;
  });
  const left = sorted.length - MOST.slos;
  return [
    '| SLO | baseline | under fault | drift | verdict |',
    '| --- | ---: | ---: | ---: | --- |',
    ...rows,
    ...(left > 0 ? [`| … and ${left} more |  |  |  |  |`] : []),
  ].join('\n');
}

function invariants(list: RunResult['invariants']): string {
  return list
    .slice(0, MOST.slos)
    .map(({ name, held, message }) => {
      const sign = held === null ? `${EMOJI.inconclusive} not checked` : held ? '✅ held' : '❌ violated';
      return `- ${sign}: **${escapeMarkdown(name, 60)}**, ${escapeMarkdown(message, 300)}`;
    })
    .join('\n');
}

function faults({ faults: list, cleanup }: RunResult): string {
  const lines = list.slice(0, MOST.faults).map((fault) => `- ${escapeMarkdown(fault.summary, 200)}: ${stateOf(fault)}`);
  const left = list.length - MOST.faults;
  if (left > 0) lines.push(`- … and ${left} more`);
  if (list.some((fault) => fault.requestedS !== null) && cleanup.proven) {
    lines.push(`- Put back, and proven so. ${escapeMarkdown(cleanup.sentence, 300)}`);
  }
  return lines.length === 0 ? 'Nothing was broken.' : ['**Broken on purpose**', '', ...lines].join('\n');
}

function stateOf(fault: FaultResult): string {
  if (fault.requestedS === null) return 'never injected';
  const proof = { confirmed: 'proven', mismatch: '**did not take effect**', unknown: 'not proven' };
  return `${fault.proof === null ? 'not proven' : proof[fault.proof.status]} at ${clockTime(fault.requestedS)}`;
}

function cleanupAlarm({ sentence, byHand }: RunResult['cleanup']): string {
  const commands = byHand.slice(0, MOST.faults).map((command) => `- ${code(command)}`);
  return [
    '> [!CAUTION]',
    `> **Not proven to be put back: a fault may still be active.** ${escapeMarkdown(sentence, 600)}`,
    '> Run `plimsoll recover`, or by hand:',
    ...commands.map((line) => `> ${line}`),
  ].join('\n');
}

function warnings(list: RunResult['warnings']): string {
  const lines = list
    .slice(0, MOST.warnings)
    .map(({ code: name, message }) => `- ${code(name)} ${escapeMarkdown(message, 300)}`);
  return ['<details><summary>Warnings</summary>', '', ...lines, '', '</details>'].join('\n');
}

function facts({ run, ledger, exitCode }: RunResult): string {
  const load = ledger.filter((row) => row.window === 'run' && row.request === undefined);
  const total = load.reduce((sum, row) => sum + row.scheduled, 0);
  return [
    `run ${escapeMarkdown(run.id, 40)}`,
    `seed ${run.seed}`,
    `${clockTime(run.durationS)} long`,
    `${formatCount(total)} arrivals`,
    `exit code ${exitCode}`,
    ...(run.environment.gitCommit === undefined ? [] : [`commit ${escapeMarkdown(run.environment.gitCommit, 40)}`]),
  ].join(' · ');
}

/**
 * Text that stands for itself in GitHub-flavoured Markdown, tables too: no markup, no HTML, no mention of people, no
 * reference to issues, no link.
 */
export function escapeMarkdown(text: string, length: number): string {
  return truncate(clean(text.slice(0, 4 * length)), length)
    .replace(/[&<>]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[character] ?? '')
    .replace(/[\\`*_{}[\]#!|~$]/g, String.raw`\$&`)
    .replaceAll('@', '&#64;')
    .replaceAll('://', '&#58;//')
    .replace(/\bwww\./gi, 'www&#46;')
    .replace(/^(\d+)([.)])/, String.raw`$1\$2`)
    .replace(/^([-=+])/, String.raw`\$1`);
}

/** A code span; a backtick inside would end it. */
function code(text: string): string {
  return `\`${truncate(clean(text.slice(0, 2000)), 500)
    .replaceAll('`', "'")
    .replaceAll('|', String.raw`\|`)}\``;
}

/** What the gate did about what broke. */
function gateLines({ gate = [] }: RunResult): string {
  return gate
    .map(
      ({ severity, command, done, message }) =>
        `- ${done ? '✅' : '❌'} **Gate, ${severity}**: ${code(truncate(command, 200))} ${done ? '' : '**not done**: '}${escapeMarkdown(message, 300)}`,
    )
    .join('\n');
}
