import { sharedShapes } from '../html/charts/shared-shapes.js';
import { html, raw } from '../html/html.js';
import { brand } from '../html/sections/brand.js';
import { sha256Base64 } from '../html/sha256.js';
import { STYLES } from '../html/theme.js';
import { SCRIPT } from './script.js';
import { GAME_STYLES } from './styles.js';

/**
 * The page before it knows anything: no secret, and nothing of the run. Its policy allows its own style and script, and
 * connections to its own server, and nothing else.
 */
export function gamePage(): { html: string; policy: string } {
  const styles = STYLES + GAME_STYLES;
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${sha256Base64(styles)}'`,
    `script-src 'sha256-${sha256Base64(SCRIPT)}'`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>Game day – Plimsoll</title>
        <link rel="icon" href="data:," />
        ${raw(`<style>${styles}</style>`)}
      </head>
      <body class="game">
        <svg class="shapes" width="0" height="0" aria-hidden="true" focusable="false">${sharedShapes()}</svg>
        <header class="bar">
          ${brand(
            html`<span class="run-clock"
                ><span id="clock" aria-label="Time of the run">0:00</span>
                <span id="connection" role="status" data-state="wait">connecting …</span></span
              >
              <button type="button" id="abort" data-order="abort">Abort and undo everything</button>`,
          )}
        </header>
        <main>
          <noscript
            ><p class="note">The live page needs its script. Ctrl-C in the terminal undoes everything too.</p></noscript
          >
          <p id="problem" class="problem" role="alert" hidden></p>
          <div id="part-now" role="status" aria-label="What is happening now"></div>
          <div id="part-steps"></div>
          <div class="columns">
            <div class="side">
              <section aria-labelledby="faults">
                <h2 id="faults">Faults</h2>
                <div id="part-buttons" class="buttons"></div>
                <div id="part-faults"></div>
              </section>
              <section aria-labelledby="notes">
                <h2 id="notes">Notes and events</h2>
                <form id="note" autocomplete="off">
                  <label for="who">Your name</label><input id="who" name="who" maxlength="60" placeholder="someone" />
                  <label for="text">What do you see?</label><input id="text" name="text" maxlength="1000" />
                  <div class="buttons">
                    <button type="submit" id="send">Add note</button>
                    <button type="submit" id="detected" data-kind="detected">I see it</button>
                    <button type="submit" id="mitigated" data-kind="mitigated">It is mitigated</button>
                  </div>
                </form>
                <div class="log-box" role="log" aria-label="Notes and events, the newest first" tabindex="0">
                  <ol id="log"></ol>
                </div>
              </section>
              <section aria-labelledby="people">
                <h2 id="people">How fast the team is</h2>
                <div id="part-people"></div>
              </section>
            </div>
            <div>
              <section aria-labelledby="levels">
                <h2 id="levels">Service levels</h2>
                <div id="part-slos"></div>
                <div id="part-numbers" class="numbers"></div>
              </section>
              <section class="scaled" aria-labelledby="timeline">
                <h2 id="timeline">Timeline</h2>
                <fieldset class="scale">
                  <legend>Response time axis</legend>
                  <label><input type="radio" name="scale" value="linear" checked /> linear</label
                  ><label><input type="radio" name="scale" value="log" class="log-on" /> log</label>
                </fieldset>
                <div id="part-charts"></div>
              </section>
              <section aria-labelledby="system">
                <h2 id="system">System</h2>
                <div id="part-topology"></div>
              </section>
            </div>
          </div>
        </main>
        ${raw(`<script>${SCRIPT}</script>`)}
      </body>
    </html> `.text;
  return { html: page, policy };
}
