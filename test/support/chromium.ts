import { chromium, type Browser } from 'playwright-core';
import { programOf } from './needs.js';

/** The machine's own Chromium, without anything that would talk to the network by itself. */
export function launchChromium(): Promise<Browser> {
  const executablePath = programOf('chromium');
  if (executablePath === undefined) throw new Error('this machine has no Chromium');
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
