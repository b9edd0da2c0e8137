import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderReport } from '../../src/html/document.js';
import { RunResult } from '../../src/result/schema.js';
import { launchChromium } from '../support/chromium.js';
import { describeWith } from '../support/needs.js';
import { variants } from '../support/sample-result.js';

const update = process.env['PLIMSOLL_UPDATE_IMAGES'] === '1';
const root = resolve(import.meta.dirname, '../..');
const sample = join(root, 'reports/sample');
const images = join(root, 'docs/images');
const result = variants.failed();
const json = `${JSON.stringify(result, null, 1)}\n`;

describe('the sample in reports/sample', () => {
  beforeAll(async () => {
    if (!update) return;
    await mkdir(sample, { recursive: true });
    await writeFile(join(sample, 'result.json'), json);
    await writeFile(join(sample, 'report.html'), renderReport(result));
  });

  it('is what the code makes today (else: PLIMSOLL_UPDATE_IMAGES=1 npx vitest run test/report)', async () => {
    expect(await readFile(join(sample, 'result.json'), 'utf8')).toBe(json);
    expect(await readFile(join(sample, 'report.html'), 'utf8')).toBe(renderReport(result));
  });

  it('is a result that can be read again', async () => {
    expect(RunResult.parse(JSON.parse(await readFile(join(sample, 'result.json'), 'utf8')))).toEqual(result);
  });
});

const PICTURES = [
  { name: 'report-light', width: 1200, height: 2200, colorScheme: 'light', media: 'screen' },
  { name: 'report-dark', width: 1200, height: 2200, colorScheme: 'dark', media: 'screen' },
  { name: 'report-print', width: 794, height: 1123, colorScheme: 'light', media: 'print' },
  { name: 'report-400px', width: 400, height: 2400, colorScheme: 'light', media: 'screen' },
] as const;

describeWith(['chromium'], 'the pictures in docs/images', () => {
  let browser: Browser;
  const file = join(images, '.report.html');

  beforeAll(async () => {
    browser = await launchChromium();
    await mkdir(images, { recursive: true });
    await writeFile(file, renderReport(result));
  });
  afterAll(async () => {
    await browser.close();
    await rm(file, { force: true });
  });

  it.each(PICTURES)('hold $name', async ({ name, width, height, colorScheme, media }) => {
    const path = join(images, `${name}.png`);
    if (update || !existsSync(path)) {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme, offline: true });
      const page = await context.newPage();
      await page.emulateMedia({ media });
      await page.goto(pathToFileURL(file).href);
      await page.screenshot({ path });
      await context.close();
    }
    const { size } = await stat(path);
    expect(size).toBeLessThan(400_000);
    expect(size).toBeGreaterThan(20_000);
  });
});
