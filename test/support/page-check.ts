import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Browser } from 'playwright-core';
import { expect } from 'vitest';

/**
 * What every page that we write must be, in a real browser without a network: within its own policy, without a script of
 * anybody else's, no wider than a phone of 320 px, and without an accessibility violation in light and dark.
 */
export async function expectSoundPage(browser: Browser, page: { html: string; title: string }): Promise<void> {
  const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  const context = await browser.newContext({ offline: true, viewport: { width: 320, height: 800 } });
  try {
    const view = await context.newPage();
    const troubles: string[] = [];
    view.on('console', (message) => troubles.push(message.text()));
    await view.setContent(page.html);
    expect(troubles).toEqual([]);
    // An attack that runs changes it.
    expect(await view.title()).toBe(page.title);
    const [scroll, client] = await view.evaluate<number[]>(
      '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
    );
    expect(scroll).toBe(client);
    await view.evaluate(axe);
    for (const colorScheme of ['light', 'dark'] as const) {
      await view.emulateMedia({ colorScheme });
      const found = await view.evaluate<string[]>(
        'axe.run({ resultTypes: ["violations"] }).then(({ violations }) => violations.map(({ id }) => id))',
      );
      expect(found, colorScheme).toEqual([]);
    }
  } finally {
    await context.close();
  }
}
