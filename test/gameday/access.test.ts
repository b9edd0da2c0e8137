import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Served } from './served.js';

const NOTE = { action: 'note', who: 'Eve', text: 'hello' };
const notes = (served: Served) => served.log.events.filter(({ type }) => type === 'note');

describe('who gets in', () => {
  it('gives a session for the token alone, in a cookie that neither scripts nor other sites nor other ports get', async () => {
    await using served = await Served.open();
    expect((await served.post('orders', NOTE)).status).toBe(401);
    expect((await served.ask('GET', 'events')).status).toBe(401);
    expect((await served.ask('GET', 'report')).status).toBe(401);
    const { status, headers } = await served.post('session', { token: served.token() });
    expect(status).toBe(204);
    const cookie = headers['set-cookie']?.[0] ?? '';
    expect(cookie).toMatch(/^plimsoll=[\w-]{43}; Path=\/gameday-[0-9a-f]{12}\/; HttpOnly; SameSite=Strict$/);
    expect((await served.post('orders', NOTE, { cookie: cookie.split(';')[0] ?? '' })).status).toBe(202);
    expect(notes(served)).toHaveLength(1);
  });

  it('says nothing to who guesses, slows nobody who knows, and keeps no secret in the page', async () => {
    await using served = await Served.open();
    const right = served.token();
    const guesses = ['', right.slice(1), `${right}x`, right.toUpperCase(), null, 7, [right], { toString: right }];
    const answers: number[] = [];
    for (let k = 0; k < 24; k++)
      answers.push((await served.post('session', { token: guesses[k % guesses.length] })).status);
    expect(answers.slice(0, 20).every((status) => status === 403)).toBe(true);
    expect(answers.slice(20)).toEqual([429, 429, 429, 429]);
    expect((await served.post('session', { token: right })).status).toBe(204);
    expect((await served.post('orders', NOTE, { cookie: `plimsoll=${'A'.repeat(43)}` })).status).toBe(401);
    const page = await served.ask('GET', '');
    expect(page.status).toBe(200);
    expect(page.body).not.toContain(right);
    expect(page.body).not.toContain('payment');
    expect(page.headers['content-security-policy']).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(page.headers['content-security-policy']).not.toContain('unsafe');
    // Without a blind game day there is no team whose token could be used.
    expect(served.server.urls.team).toBeUndefined();
  });

  it('refuses a foreign name that was bent to this address (DNS rebinding), with a good cookie too', async () => {
    await using served = await Served.open();
    const cookie = await served.signIn();
    const { port } = served.url;
    for (const host of [
      `evil.example:${port}`,
      'evil.example',
      '127.0.0.1',
      `127.0.0.1.evil.example:${port}`,
      '127.0.0.1:1',
    ]) {
      for (const [method, path] of [
        ['GET', ''],
        ['GET', 'events'],
        ['POST', 'orders'],
        ['POST', 'session'],
      ] as const) {
        const headers = { host, cookie, origin: `http://${host}`, 'content-type': 'application/json' };
        const { status } = await served.ask(
          method,
          path,
          headers,
          method === 'POST' ? JSON.stringify(NOTE) : undefined,
        );
        expect([host, method, path, status]).toEqual([host, method, path, 421]);
      }
    }
    expect(notes(served)).toEqual([]);
  });

  it('refuses orders from other sites and other ports, forms included', async () => {
    await using served = await Served.open();
    const cookie = await served.signIn();
    const abort = { action: 'abort', who: 'Eve' };
    const { origin, port } = served.url;
    for (const from of [
      'http://evil.example',
      'null',
      'http://127.0.0.1:7080',
      `https://127.0.0.1:${port}`,
      `${origin}.evil.example`,
    ])
      expect([from, (await served.post('orders', abort, { cookie, origin: from })).status]).toEqual([from, 403]);
    const noOrigin = { cookie, 'content-type': 'application/json' };
    expect((await served.ask('POST', 'orders', noOrigin, JSON.stringify(abort))).status).toBe(403);
    for (const site of ['cross-site', 'same-site', 'none'])
      expect((await served.post('orders', abort, { cookie, 'sec-fetch-site': site })).status).toBe(403);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
      expect((await served.post('orders', abort, { cookie, 'content-type': type })).status).toBe(415);
    for (const site of ['cross-site', 'same-site'])
      expect((await served.ask('GET', 'events', { cookie, 'sec-fetch-site': site })).status).toBe(403);
    expect((await served.ask('GET', 'events', { cookie, origin: 'http://evil.example' })).status).toBe(403);
    expect(served.abort.signal.aborted).toBe(false);
    // The same order from the page itself is taken, so the checks above are what held it off.
    expect((await served.post('orders', abort, { cookie, 'sec-fetch-site': 'same-origin' })).status).toBe(202);
    expect(served.abort.signal.aborted).toBe(true);
  });

  it('answers whatever it is sent with a clear refusal', async () => {
    await using served = await Served.open();
    const cookie = await served.signIn();
    const send = async (body: string) =>
      served.ask('POST', 'orders', { cookie, origin: served.url.origin, 'content-type': 'application/json' }, body);
    expect((await send('{')).status).toBe(400);
    expect((await send(JSON.stringify({ ...NOTE, extra: 1 }))).status).toBe(400);
    expect((await send(JSON.stringify({ ...NOTE, text: 'x'.repeat(9000) }))).status).toBe(413);
    expect((await send(JSON.stringify({ action: 'inject', fault: 'f1' }))).status).toBe(409);
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (body) => {
        const { status } = await send(body);
        return [400, 413].includes(status);
      }),
      { numRuns: 60 },
    );
    for (const path of [
      '/',
      '/etc/passwd',
      '/gameday-000000000000/',
      `${served.url.pathname}../report`,
      '//evil.example/',
    ])
      expect([path, (await served.ask('GET', path)).status]).toEqual([path, 404]);
    expect((await served.ask('DELETE', 'orders', { cookie, origin: served.url.origin })).status).toBe(404);
  });
});
