/** All the script of the live page. It shows what it is sent, counts clocks between two pictures, and sends orders. */
export const SCRIPT = `'use strict';
const byId = (id) => document.getElementById(id);
const connection = byId('connection');
const problem = byId('problem');
const who = byId('who');
const log = byId('log');
let nowS = 0;
let heardAt = 0;
let over = false;
let lastSeq = 0;
let stream;

try { who.value = localStorage.getItem('plimsoll-who') ?? ''; } catch {}
who.addEventListener('change', () => { try { localStorage.setItem('plimsoll-who', who.value); } catch {} });

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return Math.floor(whole / 60) + ':' + String(whole % 60).padStart(2, '0');
}
function tick() {
  const now = nowS + (heardAt === 0 || over ? 0 : (performance.now() - heardAt) / 1000);
  for (const element of document.querySelectorAll('[data-until]'))
    element.textContent = clock(Math.ceil(Number(element.dataset.until) - now)) + (element.dataset.after ?? '');
  for (const element of document.querySelectorAll('[data-since]'))
    element.textContent = clock(now - Number(element.dataset.since));
  byId('clock').textContent = clock(now);
  if (!over && heardAt !== 0 && performance.now() - heardAt > 7000) say('lost', 'no news: is the run still there?');
}
function say(state, words) {
  if (connection.dataset.state === state) return;
  connection.dataset.state = state;
  connection.textContent = words;
}
function complain(words) {
  problem.textContent = words;
  problem.hidden = words === '';
}
function replace(part, markup) {
  const element = byId('part-' + part);
  if (!element) return;
  const focused = document.activeElement;
  const inside = focused && focused !== element && element.contains(focused);
  const id = inside ? focused.id : '';
  const twin = inside ? focused.dataset.twin : undefined;
  element.innerHTML = markup;
  if (!inside) return;
  const again = (id && byId(id)) || (twin && element.querySelector('[data-twin="' + twin + '"]')) || element.querySelector('button');
  if (again) again.focus({ preventScroll: true });
}
function showView(data) {
  nowS = data.nowS;
  heardAt = performance.now();
  say('live', 'live');
  for (const [part, markup] of Object.entries(data.parts)) replace(part, markup);
  tick();
}
function addLine({ seq, html }) {
  if (seq <= lastSeq) return;
  lastSeq = seq;
  log.insertAdjacentHTML('afterbegin', html);
}
function listen() {
  stream = new EventSource('events');
  stream.addEventListener('view', (event) => showView(JSON.parse(event.data)));
  stream.addEventListener('line', (event) => addLine(JSON.parse(event.data)));
  stream.addEventListener('reset', () => { lastSeq = 0; log.replaceChildren(); });
  stream.addEventListener('closed', () => { stream.close(); say('lost', 'paused: this browser has too many tabs open here'); });
  stream.addEventListener('end', () => {
    over = true;
    stream.close();
    say('over', 'the run is over');
    document.body.classList.add('over');
    byId('abort').textContent = 'Nothing to abort';
    for (const id of ['abort', 'send', 'detected', 'mitigated']) byId(id).disabled = true;
    fetch('report').then((answer) => {
      const link = byId('report-link');
      if (answer.ok && link) link.hidden = false;
    }).catch(() => {});
  });
  stream.addEventListener('error', async () => {
    if (over) return;
    say('lost', 'connection lost, trying again …');
    if (stream.readyState !== EventSource.CLOSED) return;
    // Turned away for good, or the browser gave up: find out which, and try again.
    const answer = await fetch('orders', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }).catch(() => undefined);
    if (answer && answer.status === 401) complain('This browser is not signed in. Open the link that the command has printed.');
    setTimeout(listen, 1500);
  });
}
async function order(body) {
  complain('');
  try {
    const answer = await fetch('orders', {
      method: 'POST', keepalive: true,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...body, who: who.value.trim() || 'someone' }),
    });
    if (answer.ok) return true;
    complain((await answer.json()).error);
  } catch {
    complain(body.action === 'abort'
      ? 'The run can\\'t be reached. Press Ctrl-C in its terminal; if it is dead, its watchdog undoes everything by itself.'
      : 'The run can\\'t be reached.');
  }
  return false;
}
document.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-order]');
  if (!button || button.getAttribute('aria-disabled') === 'true') return;
  const { order: action, fault } = button.dataset;
  if (action === 'abort') button.textContent = 'Undoing everything …';
  void order(fault === undefined ? { action } : { action, fault }).then((taken) => {
    if (action === 'abort' && !taken) button.textContent = 'Abort and undo everything';
  });
});
byId('note').addEventListener('submit', async (event) => {
  event.preventDefault();
  const text = byId('text');
  const kind = event.submitter && event.submitter.dataset.kind;
  const words = text.value.trim() || (kind === 'detected' ? 'something is wrong' : kind === 'mitigated' ? 'it is over' : '');
  if (words === '') { text.focus(); return; }
  if (await order(kind ? { action: 'note', text: words, kind } : { action: 'note', text: words })) text.value = '';
});
setInterval(tick, 250);
(async () => {
  const token = location.hash.slice(1);
  if (token !== '') {
    const answer = await fetch('session', {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token }),
    }).catch(() => undefined);
    // The token must not stay where somebody looks over the shoulder, or in the history.
    if (answer && answer.ok) history.replaceState(null, '', location.pathname);
    else complain(answer ? (await answer.json()).error : 'The run can\\'t be reached.');
  }
  listen();
})();
`;
