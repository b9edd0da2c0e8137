import type { Line } from './simulation-grid.js';

export interface Section {
  title: string;
  words: string;
  runs: number;
  lines: readonly Line[];
}

/** The page docs/operating-characteristics.md, from what a simulation found. */
export function characteristicsPage(sections: readonly Section[]): string {
  return [
    '# How often is a verdict wrong?',
    '',
    '<!-- Written by `npm run test:long -- test/verdict/simulation`: change the simulation, not this page. -->',
    '',
    'Each row is a situation whose truth is known, run many times with a fixed seed through the shipped code. Two figures',
    'with a slash are the shares of runs that **passed** and that **failed**; the rest was inconclusive.',
    '',
    '- **A/A**: nothing is wrong, the true drift is zero. A failure is a false alarm.',
    '- **at δ**: the true drift is exactly the tolerance. Both a pass and a failure are errors here; each is meant to happen in',
    '  at most 5 runs of 100.',
    '- **3δ**: the true drift is three times the tolerance. A failure is right.',
    '- **expected**: the figures that the method was designed by, from an independent simulation.',
    '- **point rule**: what most tools do, the estimate against the limit without an interval, on the same data. It is never',
    '  inconclusive.',
    '',
    ...sections.flatMap((section) => sectionLines(section)),
    'One burst a window is the situation that no method can mend without knowing more: half of such windows hold none, and',
    'nothing in the data can say so. A noise profile (`plimsoll calibrate`), `minClusterSize`, longer windows or more trials do.',
    '',
  ].join('\n');
}

function sectionLines({ title, words, runs, lines }: Section): string[] {
  const error = Math.sqrt((0.05 * 0.95) / runs)
    .toFixed(3)
    .replace(/^0/, '');
  return [
    `## ${title}`,
    '',
    `${words} ${runs.toLocaleString('en')} runs a cell; the standard error of a share of .05 is ${error}.`,
    '',
    '| situation | found | expected | point rule |',
    '| --- | --- | --- | --- |',
    ...lines.map(({ row, found, published, point }) => `| ${row} | ${found} | ${published} | ${point ?? ''} |`),
    '',
  ];
}

const FILES = /<!-- files -->[\s\S]*<!-- \/files -->/;
const LAST = 'One burst a window';

/** The page with the section on whole files, which another campaign makes, put in or in place of the one that it has. */
export function withFileSection(page: string, section: Section): string {
  return withFiles(page, ['<!-- files -->', '', ...sectionLines(section), '<!-- /files -->'].join('\n'));
}

/** A page made anew, with the section on whole files of the old one. */
export function keepingFiles(page: string, old: string): string {
  const [kept] = FILES.exec(old) ?? [];
  return kept === undefined ? page : withFiles(page, kept);
}

function withFiles(page: string, files: string): string {
  if (FILES.test(page)) return page.replace(FILES, () => files);
  return page.replace(LAST, () => `${files}\n\n${LAST}`);
}
