import { setTimeout as wait } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium } from '../support/chromium.js';
import { describeWith } from '../support/needs.js';
import { Bench, until, type Running } from './harness.js';

const FAULTS = `
  - { type: latency, link: front-back, latency: 250ms }
  - { type: down, link: front-back }
  - { type: process-pause, service: back, allowAll: true }`;

describeWith(['chromium'], 'a game day in two browsers', () => {
  let browsers: Browser[];
  beforeAll(async () => {
    browsers = await Promise.all([launchChromium(), launchChromium()]);
  });
  afterAll(async () => {
    await Promise.all(browsers.map(async (browser) => browser.close()));
  });

  async function open(browser: Browser, url: string): Promise<{ page: Page; troubles: string[] }> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    const troubles: string[] = [];
    page.on('pageerror', (error) => troubles.push(error.message));
    page.on('console', (message) => {
      // Lost connections are told by the browser too; anything else is a fault of the page.
      if (message.type() === 'error' && !/net::ERR|Failed to load resource/.test(message.text()))
        troubles.push(message.text());
    });
    await page.goto(url);
    return { page, troubles };
  }

  it(
    'injects, notes, reloads, loses its network and aborts, with the keyboard alone',
    { timeout: 240_000 },
    async () => {
      await using bench = await Bench.open();
      const file = bench.scenario({
        faults: FAULTS,
        rate: '20/s',
        phases: '{ warmup: 1.5s, baseline: 20s, fault: 90s, recovery: 6s }',
        extra: 'stop: { errorRatio: 100%, for: 60s }',
      });
      const run = bench.plimsoll('gameday', file, '--stay', '5');
      const url = await linkOf(run);
      const ada = await open(browsers[0]!, url);
      const grace = await open(browsers[1]!, url);
      // The token is not left in the address, and the cookie is enough for a reload.
      await ada.page.waitForFunction(`location.hash === ''`);
      await run.event('phase.started', ({ phase }) => phase === 'fault');
      await ada.page.waitForSelector('#inject-f1:not([aria-disabled])');

      await reach(ada.page, 'who');
      await ada.page.keyboard.type('Ada');
      await reach(ada.page, 'inject-f1');
      await ada.page.keyboard.press('Enter');
      await run.event('fault.proven', ({ fault }) => fault === 'f1');
      // The focus stays on the card's button, which is another one now.
      await ada.page.waitForSelector('#lift-f1:focus');
      await grace.page.waitForSelector('.card.active #lift-f1');

      await reach(grace.page, 'text');
      await grace.page.keyboard.type('the page is slow <img src=x onerror=alert(1)>');
      await grace.page.keyboard.press('Enter');
      await run.event('note');
      await ada.page.waitForFunction(`document.querySelector('#log').textContent.includes('the page is slow <img')`);

      // A reload and a lost network lose no line.
      await ada.page.reload();
      await grace.page.context().setOffline(true);
      await reach(ada.page, 'inject-f2');
      await ada.page.keyboard.press('Space');
      await run.event('fault.proven', ({ fault }) => fault === 'f2');
      await wait(1500);
      await grace.page.context().setOffline(false);
      await reach(ada.page, 'inject-f3');
      await ada.page.keyboard.press('Enter');
      await run.event('fault.proven', ({ fault }) => fault === 'f3');
      const logOf = async (page: Page) =>
        page.evaluate<string[]>(`[...document.querySelectorAll('#log li')].map(({ id }) => id)`);
      const same = await until(async () => {
        const [a, b] = [await logOf(ada.page), await logOf(grace.page)];
        return a.length > 10 && a.join() === b.join() && new Set(a).size === a.length;
      }, 15_000);
      expect(same).toBeDefined();

      // The last word, from the other browser, while requests fail and three faults are active.
      await reach(grace.page, 'abort');
      const answered = grace.page.waitForResponse((response) => response.url().endsWith('/orders'));
      await grace.page.keyboard.press('Enter');
      const answer = await answered;
      expect(answer.status()).toBe(202);
      await run.event('run.ended');
      const events = run.events();
      const abort = events.find((event) => event.type === 'steer' && event.action === 'abort')!;
      const undone = events.filter((event) => event.type === 'undo.done').map(({ t }) => t - abort.t);
      expect(undone.length).toBeGreaterThanOrEqual(3);
      expect(Math.max(...undone)).toBeLessThan(2);
      expect(answer.request().timing().responseStart).toBeLessThan(200);
      await grace.page.waitForSelector('#report-link:not([hidden])');
      await reach(grace.page, 'report-link');
      await grace.page.keyboard.press('Enter');
      await grace.page.waitForSelector('#game-day');
      expect(await grace.page.textContent('main')).toContain('the page is slow <img');
      expect([...ada.troubles, ...grace.troubles]).toEqual([]);
      expect(await run.ended).toBe(3);
      const { result } = run;
      expect(result.verdict).toBe('aborted');
      expect(result.cleanup.proven).toBe(true);
      expect(result.gameDay?.responses[0]).toMatchObject({ fault: 'f1' });
      expect(result.gameDay?.responses[0]?.detectedS).not.toBeNull();
    },
  );
});

async function linkOf(run: Running): Promise<string> {
  expect(await until(() => /http:\S+#\S+/.test(run.stderr), 60_000), run.stderr).toBeDefined();
  return /http:\S+#\S+/.exec(run.stderr)?.[0] ?? '';
}

/** Goes to an element with the Tab key alone. */
async function reach(page: Page, id: string): Promise<void> {
  await page.waitForSelector(`#${id}`);
  for (let presses = 0; presses < 120; presses++) {
    if ((await page.evaluate<string>(`document.activeElement?.id`)) === id) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`#${id} can't be reached with the Tab key`);
}
