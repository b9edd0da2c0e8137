import type { RunResult } from '../result/schema.js';
import { casesOf, type Case } from './cases.js';
import { writeOutput } from './output-file.js';
import type { ReporterDefinition } from './reporter.js';

/** JUnit XML for CI: suite = scenario; test cases: each part of each SLO, each fault's proof and undo, each invariant. */
const junit: ReporterDefinition = {
  name: 'junit',
  description: 'JUnit XML for CI systems (junit.xml)',
  create: (output) => ({
    onEnd: (result) => writeOutput(output, 'junit.xml', junitXml(result)),
  }),
};
export default junit;

/** The cases of `casesOf` in the format that Jenkins, GitLab and others read. */
export function junitXml(result: RunResult): string {
  const cases = casesOf(result);
  const count = (state: Case['state']): number => cases.filter((item) => item.state === state).length;
  const counts = [
    `tests="${cases.length}"`,
    `failures="${count('failure')}"`,
    `errors="${count('error')}"`,
    `time="${seconds(result.run.durationS)}"`,
  ].join(' ');
  const { run } = result;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="plimsoll" ${counts}>`,
    `  <testsuite name="${escapeXml(run.scenario.name)}" ${counts} skipped="${count('skipped')}"${timestampOf(run.startedAt)} file="${escapeXml(run.scenario.file)}">`,
    '    <properties>',
    ...propertiesOf(result).map(
      ([name, value]) => `      <property name="${escapeXml(name)}" value="${escapeXml(value)}"/>`,
    ),
    '    </properties>',
    ...cases.map((item) => caseXml(item, run.scenario.name)),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

/** ` timestamp="2026-03-02T09:41:07"`, as the format wants it; nothing where there is no time. */
function timestampOf(iso: string): string {
  const time = Date.parse(iso);
  return Number.isNaN(time) ? '' : ` timestamp="${new Date(time).toISOString().slice(0, 19)}"`;
}

function propertiesOf(result: RunResult): [string, string][] {
  const { run } = result;
  return [
    ['run', run.id],
    ['verdict', result.verdict],
    ['exitCode', String(result.exitCode)],
    ['seed', String(run.seed)],
    ...(run.environment.gitCommit === undefined ? [] : [['commit', run.environment.gitCommit] as [string, string]]),
    ['scenario.sha256', run.scenario.sha256],
    ['command', run.environment.commandLine],
    ...result.slos.flatMap((slo): [string, string][] => [
      ...(slo.objectiveText === undefined ? [] : [[`objective ${slo.name}`, slo.objectiveText] as [string, string]]),
      ...(slo.toleranceText === undefined ? [] : [[`tolerance ${slo.name}`, slo.toleranceText] as [string, string]]),
    ]),
  ];
}

function caseXml(item: Case, scenario: string): string {
  const open = `    <testcase classname="${escapeXml(`${scenario}.${item.group}`)}" name="${escapeXml(item.name)}" time="${seconds(item.timeS)}"`;
  const message = `message="${escapeXml(item.message ?? '')}"`;
  const text = escapeXml(item.details ?? '', false);
  switch (item.state) {
    case 'passed':
      return text === '' ? `${open}/>` : `${open}>\n      <system-out>${text}</system-out>\n    </testcase>`;
    case 'skipped':
      return `${open}>\n      <skipped ${message}/>\n    </testcase>`;
    case 'failure':
    case 'error':
      return `${open}>\n      <${item.state} ${message} type="${escapeXml(item.group)}">${text}</${item.state}>\n    </testcase>`;
  }
}

/** What XML 1.0 does not allow at all, not even as a reference, becomes U+FFFD. */
const NOT_XML = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;
const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** Inside attributes white space is written as a reference: a parser would turn it into blanks otherwise. */
export function escapeXml(text: string, attribute = true): string {
  const special = attribute ? /[&<>"'\t\n\r]/g : /[&<>"'\r]/g;
  return text.replace(NOT_XML, '\uFFFD').replace(special, (character) => REFERENCES[character] ?? '');
}

function seconds(value: number): string {
  return (Number.isFinite(value) ? Math.max(0, value) : 0).toFixed(3);
}
