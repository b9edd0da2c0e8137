import { html, raw, type Content } from './html.js';
import { SCRIPT } from './script.js';
import { sharedShapes } from './charts/shared-shapes.js';
import { sha256Base64 } from './sha256.js';
import { STYLES } from './theme.js';

/**
 * A page that opens from disk and asks for nothing: style and script are inside, and its policy allows these two alone.
 *
 * @param main What stands in `<main>`.
 */
export function page(title: string, main: Content): string {
  const policy = `default-src 'none'; style-src 'sha256-${sha256Base64(STYLES)}'; script-src 'sha256-${sha256Base64(SCRIPT)}'; img-src data:; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="generator" content="Plimsoll" />
        <title>${title}</title>
        ${raw(`<style>${STYLES}</style>`)}
      </head>
      <body>
        <svg class="shapes" width="0" height="0" aria-hidden="true" focusable="false">${sharedShapes()}</svg>
        <main>${main}</main>
        ${raw(`<script>${SCRIPT}</script>`)}
      </body>
    </html> `.text;
}
