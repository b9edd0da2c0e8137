import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { renderReport } from '../../src/html/document.js';
import type { RunResult } from '../../src/result/schema.js';
import { launchChromium } from '../support/chromium.js';
import { describeWith } from '../support/needs.js';
import { sampleResult, variants } from '../support/sample-result.js';

interface Violation {
  id: string;
  nodes: string[];
}

describeWith(['chromium'], 'the report in Chromium', () => {
  let browser: Browser;
  let folder: string;
  let axe: string;

  beforeAll(async () => {
    browser = await launchChromium();
    folder = await mkdtemp(join(tmpdir(), 'plimsoll-report-'));
    axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  });
  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Opens a report from disk with the network off. What it asks for and complains about is kept. */
  async function open(result: RunResult, options: BrowserContextOptions = {}, change = (page: string) => page) {
    const file = join(folder, `report-${Math.random().toString(36).slice(2)}.html`);
    await writeFile(file, change(renderReport(result)));
    const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, offline: true, ...options });
    const page = await context.newPage();
    const troubles: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => troubles.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => troubles.push(error.message));
    page.on('dialog', (dialog) => {
      troubles.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);
    return { page, troubles, requests, file, [Symbol.asyncDispose]: () => context.close() };
  }

  async function violations(page: Page): Promise<Violation[]> {
    // Evaluated by the debugger, so the page's own policy stays as it is.
    await page.evaluate(axe);
    return page.evaluate(async () => {
      const { axe: engine } = globalThis as unknown as {
        axe: { run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
      };
      const found = await engine.run({ resultTypes: ['violations'] });
      return found.violations.map(({ id, nodes }) => ({ id, nodes: nodes.slice(0, 3).map(({ html }) => html) }));
    });
  }

  it.each(Object.entries({ passed: sampleResult, ...variants }))(
    'opens from disk with the network off, asks for nothing and complains of nothing: %s',
    async (_, make) => {
      await using view = await open(make());
      expect(view.troubles).toEqual([]);
      expect(view.requests).toEqual([pathToFileURL(view.file).href]);
      expect(await view.page.locator('h1').isVisible()).toBe(true);
    },
  );

  it('refuses a style or script that is not its own', async () => {
    await using style = await open(sampleResult(), {}, (page) =>
      page.replace('--ground: #fdfdfb', '--ground: #ffffff'),
    );
    expect(style.troubles.join()).toMatch(/style[\s\S]*violates the following Content Security Policy/);
    await using script = await open(sampleResult(), {}, (page) =>
      page.replace('</main>', '</main><script>document.title = "owned"</script>'),
    );
    expect(script.troubles.join()).toMatch(/script[\s\S]*violates the following Content Security Policy/);
    expect(await script.page.title()).not.toBe('owned');
  });

  it.each([
    ['failed', variants.failed, 1200],
    ['uncleaned', variants.uncleaned, 400],
    ['empty', variants.empty, 1200],
    ['inconclusive', variants.inconclusive, 400],
  ] as const)('has no accessibility violation in either theme: %s', async (_, make, width) => {
    await using view = await open(make(), { viewport: { width, height: 900 } });
    for (const colorScheme of ['light', 'dark'] as const) {
      await view.page.emulateMedia({ colorScheme });
      expect(await violations(view.page), colorScheme).toEqual([]);
    }
  });

  it('would see text that is too faint, and a picture without a label', async () => {
    await using view = await open(sampleResult());
    await view.page.evaluate(`
      document.documentElement.style.setProperty('--muted', '#c4c4c4');
      document.querySelector('.chart').removeAttribute('aria-label');
    `);
    expect((await violations(view.page)).map(({ id }) => id).toSorted()).toEqual(['color-contrast', 'role-img-alt']);
  });

  it.each([
    ['failed', variants.failed],
    ['uncleaned', variants.uncleaned],
    ['hostile', variants.hostile],
    ['empty', variants.empty],
  ] as const)('never scrolls sideways, from a small phone to a wall: %s', async (_, make) => {
    await using view = await open(make());
    for (const width of [320, 400, 760, 1200, 3840]) {
      await view.page.setViewportSize({ width, height: 900 });
      const widths = await view.page.evaluate<number[]>(
        '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
      );
      expect(widths[0], `at ${width}`).toBe(widths[1]);
    }
  });

  it('takes hostile names for nothing but text', async () => {
    await using view = await open(variants.hostile());
    const found = await view.page.evaluate(`({
      title: document.title,
      scripts: document.scripts.length,
      strangers: document.querySelectorAll('img, iframe, object, embed, link, base, form').length,
      handlers: Array.from(document.querySelectorAll('*')).flatMap((element) =>
        element.getAttributeNames().filter((name) => name.startsWith('on') || name === 'style'),
      ),
      links: Array.from(document.links, (link) => link.getAttribute('href')).filter((href) => !href.startsWith('#')),
      shown: getComputedStyle(document.body).display,
    })`);
    expect(found).toEqual({
      title: expect.stringMatching(/^failed: /) as string,
      scripts: 1,
      strangers: 0,
      handlers: [],
      links: [],
      shown: 'block',
    });
    expect(view.troubles).toEqual([]);
  });

  it('shows no label outside of its drawing', async () => {
    for (const width of [400, 1200]) {
      await using view = await open(variants.failed(), { viewport: { width, height: 900 } });
      const outside = await view.page.evaluate<string[]>(`
        Array.from(document.querySelectorAll('.chart svg')).flatMap((svg) => {
          const frame = svg.getBoundingClientRect();
          if (frame.width === 0) return [];
          return Array.from(svg.querySelectorAll('text')).flatMap((text) => {
            const box = text.getBoundingClientRect();
            const inside =
              box.width === 0 ||
              (box.left >= frame.left - 1 && box.right <= frame.right + 1 && box.bottom <= frame.bottom + 2);
            return inside ? [] : [text.textContent];
          });
        })
      `);
      expect(outside, `at ${width}`).toEqual([]);
    }
  });

  it('works without JavaScript, the logarithmic axis too', async () => {
    await using view = await open(variants.failed(), { javaScriptEnabled: false });
    const { page } = view;
    expect(await page.locator('h1').innerText()).toMatch(/failed/i);
    expect(await page.locator('.wide .on-linear').first().isVisible()).toBe(true);
    expect(await page.locator('.wide .on-log').first().isVisible()).toBe(false);
    await page.locator('label', { hasText: 'log' }).first().click();
    expect(await page.locator('.wide .on-linear').first().isVisible()).toBe(false);
    expect(await page.locator('.wide .on-log').first().isVisible()).toBe(true);
    expect(await page.locator('button:visible').count()).toBe(0);
  });

  it('shows on paper what is folded away on the screen', async () => {
    for (const javaScriptEnabled of [true, false]) {
      await using view = await open(variants.failed(), { javaScriptEnabled });
      const { page } = view;
      expect(await page.locator('details.data table').first().isVisible()).toBe(false);
      await page.emulateMedia({ media: 'print' });
      const tables = page.locator('details.data table, details.data pre');
      expect(await tables.count()).toBeGreaterThan(4);
      const heights = await tables.evaluateAll((list) => list.map((table) => table.getBoundingClientRect().height));
      expect(Math.min(...heights)).toBeGreaterThan(20);
      expect(await page.locator('nav').isVisible()).toBe(false);
      expect(await page.locator('.chart .narrow').first().isVisible()).toBe(false);
      expect(await page.locator('.chart .wide').first().isVisible()).toBe(true);
      const ground = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
      expect(ground).toBe('rgb(253, 253, 251)');
    }
  });

  it('prints on few pages, with unbroken figures, and folds up again', async () => {
    await using view = await open(variants.failed());
    const pagesOf = async (): Promise<number> =>
      (await view.page.pdf({ format: 'A4' })).toString('latin1').match(/\/Type\s*\/Page\b/g)?.length ?? 0;
    const pages = await pagesOf();
    expect(pages).toBeGreaterThan(4);
    expect(pages).toBeLessThanOrEqual(12);
    expect(await view.page.locator('details.data[open]').count()).toBe(0);
    // No figure, card or row may be cut in two, and a figure must fit on a page, else the rule can't be kept.
    await view.page.setViewportSize({ width: 680, height: 900 });
    await view.page.emulateMedia({ media: 'print' });
    const tall = await view.page.evaluate<string[]>(`
      Array.from(document.querySelectorAll('figure, .fault, .verdict')).flatMap((element) =>
        getComputedStyle(element).breakInside !== 'avoid' || element.getBoundingClientRect().height > 1000
          ? [element.className + ' ' + element.getBoundingClientRect().height]
          : [],
      )
    `);
    expect(tall).toEqual([]);
  });

  it('prints no column that runs over its neighbour', async () => {
    for (const make of [variants.failed, variants.inconclusive]) {
      await using view = await open(make());
      await view.page.setViewportSize({ width: 680, height: 900 });
      await view.page.emulateMedia({ media: 'print' });
      const wide = await view.page.evaluate<string[]>(`
        Array.from(document.querySelectorAll('.scroll')).flatMap((box) =>
          box.scrollWidth > box.clientWidth + 1 ? [box.getAttribute('aria-label') + ' ' + box.scrollWidth] : [],
        )
      `);
      expect(wide).toEqual([]);
    }
  });

  it('can be walked through and worked with the keyboard alone', async () => {
    await using view = await open(variants.failed());
    const { page } = view;
    const seen: string[] = [];
    for (let presses = 0; presses < 40; presses++) {
      await page.keyboard.press('Tab');
      const here = await page.evaluate<{ tag: string; outline: string; visible: boolean }>(`(() => {
        const element = document.activeElement;
        const box = element.getBoundingClientRect();
        return {
          tag: element.tagName,
          outline: getComputedStyle(element).outlineStyle,
          visible: box.width > 0 && box.height > 0,
        };
      })()`);
      if (here.tag === 'BODY') break;
      seen.push(here.tag);
      expect(here.outline, `${here.tag} after ${presses + 1} presses`).not.toBe('none');
      expect(here.visible).toBe(true);
    }
    expect([...new Set(seen)]).toEqual(expect.arrayContaining(['A', 'INPUT', 'SUMMARY', 'DIV', 'PRE']));
    // The radio buttons by arrow, a folded table by Enter.
    await page.locator('.linear-on').first().focus();
    await page.keyboard.press('ArrowRight');
    expect(await page.locator('.wide .on-log').first().isVisible()).toBe(true);
    const summary = page.locator('details.data > summary').first();
    await summary.focus();
    await page.keyboard.press('Enter');
    expect(await page.locator('details.data[open]').count()).toBe(1);
  });

  it('copies the command that repeats the run', async () => {
    await using view = await open(sampleResult(), { permissions: ['clipboard-read', 'clipboard-write'] });
    const button = view.page.locator('button[data-copies]');
    if (await button.isVisible()) {
      await button.click();
      await expect.poll(() => button.innerText()).toMatch(/Copied|Selected/);
    } else {
      // A file has no clipboard where the browser does not call it a secure context: then there is no button either.
      expect(await view.page.evaluate<boolean>('navigator.clipboard !== undefined')).toBe(false);
    }
  });
});
