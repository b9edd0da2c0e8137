import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withFileSection } from './characteristics-page.js';
import { judgeFiles, RATE, SITUATIONS, WINDOW_S } from './file-campaign.js';
import type { Line } from './simulation-grid.js';

const RUNS = Number(process.env['PLIMSOLL_FILES'] ?? 400);
const PAGE = fileURLToPath(new URL('../../docs/operating-characteristics.md', import.meta.url));

let folder: string;
const lines: Line[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plimsoll-files-'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  console.log(lines.map(({ row, found }) => `  ${row.padEnd(50)} ${found}`).join('\n'));
  // Only a campaign in which all of it held may write the page.
  if (lines.length < SITUATIONS.length) return;
  const page = withFileSection(readFileSync(PAGE, 'utf8'), {
    title: 'Whole files: what nobody designed the statistics for',
    words: `Records of runs written to disk and judged as \`plimsoll judge\` does, ${RATE}/s, windows of ${WINDOW_S} s.`,
    runs: RUNS,
    lines,
  });
  writeFileSync(PAGE, await format(page, { ...(await resolveConfig(PAGE)), parser: 'markdown' }));
});

const shown = (share: number): string => share.toFixed(3).replace(/^0/, '');

describe('recorded runs of systems that err in their own ways, judged from their files', () => {
  it.each(SITUATIONS)(
    '$name',
    (situation) => {
      const [same, edge] = [0, 1].map((effect) => judgeFiles(folder, situation, effect, RUNS));
      const found = `A/A ${shown(same!.pass)}/${shown(same!.fail)}; at δ ${shown(edge!.pass)}/${shown(edge!.fail)}`;
      const limit = situation.known?.limit ?? 0.05;
      const bound = limit + 3 * Math.sqrt((limit * (1 - limit)) / RUNS);
      expect(edge!.pass, `false passes at the tolerance: ${found}`).toBeLessThanOrEqual(bound);
      expect(edge!.fail, `false failures at the tolerance: ${found}`).toBeLessThanOrEqual(bound);
      const alarms = situation.known ? 0.03 : 0.01;
      expect(same!.fail, `false alarms: ${found}`).toBeLessThanOrEqual(
        alarms + 3 * Math.sqrt((alarms * (1 - alarms)) / RUNS),
      );
      lines.push({ row: situation.name, found, published: situation.known?.why ?? '' });
    },
    1_200_000,
  );
});
