import { createServer, request as ask, Agent } from 'node:http';
import { describe, expect, it } from 'vitest';
import { judgeHits } from '../../src/faults/shared/hits-proof.js';
import type { LinkPlan } from '../../src/targets/targets.js';
import { describeWith } from '../support/needs.js';
import { startService } from '../targets/services.js';
import { startEmbedded, startRealToxiproxy } from '../targets/toxiproxy-servers.js';
import { inject, oneLink, prepare, undo } from './stage.js';
import { startTraffic } from './traffic.js';

const LINK = 'order-payment';
const HTTP: Partial<LinkPlan> = { protocol: 'http', canary: { path: '/items' } };
const { signal } = new AbortController();

/** Settings, the toxic that must be on the proxy, and where the effect was measured. */
const CASES = [
  {
    type: 'http-status',
    settings: { status: 429, headers: { 'Retry-After': '1' }, body: 'no', requestShare: '50%', path: '/' },
    toxic: {
      type: 'http_status',
      attributes: {
        status: 429,
        body: 'no',
        headers: { 'Retry-After': '1' },
        probability: 0.5,
        first: 0,
        method: '',
        path: '/',
      },
    },
    method: /^requests of real traffic/,
  },
  {
    type: 'http-delay',
    // The jitter gives room to a busy machine: a delay is judged with the jitter as its limits.
    settings: { delay: '100ms', jitter: '40ms' },
    toxic: {
      type: 'http_delay',
      attributes: { delay: 100, jitter: 40, probability: 1, first: 0, method: '', path: '' },
    },
    method: /^http canary/,
  },
  {
    type: 'http-delay',
    // The canary asks with GET: only the system's own requests show it.
    settings: { delay: '100ms', jitter: '40ms', method: 'PUT' },
    toxic: { type: 'http_delay', attributes: { delay: 100, method: 'PUT' } },
    method: /real requests, measured by the proxy$/,
  },
  {
    type: 'http-abort',
    settings: {},
    toxic: { type: 'http_abort', attributes: { ending: 'reset', probability: 1 } },
    method: /^http canary/,
  },
  {
    type: 'http-abort',
    settings: { ending: 'close', first: 2 },
    toxic: { type: 'http_abort', attributes: { ending: 'close', first: 2 } },
    method: /^requests of real traffic/,
  },
  {
    type: 'fail-first',
    settings: { connections: 2, existing: 'end' },
    toxic: { type: 'fail_first', attributes: { connections: 2, ending: 'reset', existing: 'end' } },
    method: /^new connections/,
  },
  {
    type: 'packet-loss',
    settings: { loss: '20%', correlation: '10%' },
    toxic: { type: 'packet_loss', attributes: { loss_rate: 0.2, correlation: 0.1 } },
    method: /^chunks of real traffic/,
  },
] as const;

const QUESTION = 'PUT /items HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody';

describe('faults that need the proxy of Plimsoll', () => {
  it.each(CASES)('$type $settings: takes effect, is proven, and is gone', async ({ type, settings, toxic, method }) => {
    await using server = await startEmbedded();
    await using service = await startService('http');
    const { targets, link, listen } = await oneLink(service.address, server, HTTP);
    using traffic = startTraffic(listen, { question: QUESTION, clients: 3 });
    await expect.poll(() => traffic.answers).toBeGreaterThan(0);
    const fault = await prepare(type, { link: LINK, ...settings }, targets);
    const proof = await inject(fault);
    expect(proof, proof.finding).toMatchObject({ status: 'confirmed', method: expect.stringMatching(method) });
    expect(await link.toxics()).toMatchObject([{ ...toxic, stream: 'downstream', toxicity: 1 }]);
    await expect.poll(async () => fault.proveTraffic?.(), { timeout: 5000 }).toBe('crossed');
    const gone = await undo(fault);
    expect(gone, gone.finding).toMatchObject({ status: 'confirmed' });
    expect(await link.toxics()).toEqual([]);
  });

  it('what callers get is what was ordered, and what the service gets is the rest', async () => {
    const got: string[] = [];
    const service = createServer((request, response) => {
      got.push(`${request.method} ${request.url}`);
      response.end('fine');
    });
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    const address = service.address();
    await using server = await startEmbedded();
    const { targets, listen } = await oneLink(
      `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
      server,
      HTTP,
    );
    const fault = await prepare(
      'http-status',
      { link: LINK, status: 503, headers: { 'Retry-After': '9' }, method: 'GET', path: '/a', first: 2 },
      targets,
    );
    expect(fault.summary).toBe(
      'the first 2 GET /a… requests from order to payment are answered with 503 (link order-payment)',
    );
    await fault.inject(signal);
    got.length = 0;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const answers: string[] = [];
    for (const path of ['/a', '/b', '/a/1', '/a/2']) {
      answers.push(
        await new Promise((resolve, reject) => {
          const [host, port] = listen.split(':');
          ask({ host, port, path, agent }, (response) => {
            response.resume();
            response.on('end', () => resolve(`${response.statusCode} ${response.headers['retry-after'] ?? ''}`));
          })
            .on('error', reject)
            .end();
        }),
      );
    }
    expect(answers).toEqual(['503 9', '200 ', '503 9', '200 ']);
    expect(got).toEqual(['GET /b', 'GET /a/2']);
    agent.destroy();
    await undo(fault);
    await new Promise((resolve) => service.close(resolve));
  });

  // At the same time: where nothing can be measured, each waits two seconds for traffic.
  it.concurrent.each([
    ['http-delay', { delay: '60ms' }, 'mismatch'],
    ['http-abort', {}, 'mismatch'],
    ['http-status', {}, 'unknown'],
    ['fail-first', { connections: 1 }, 'unknown'],
    ['packet-loss', { loss: '100%' }, 'unknown'],
    // The proxy sees requests, but none that it is to hit.
    ['http-status', { path: '/elsewhere' }, 'unknown', 'traffic'],
  ] as const)('does not confirm %s %j when nobody feels it', async (type, settings, status, ...more) => {
    await using server = await startEmbedded();
    await using service = await startService('http');
    // The canary goes past the proxy.
    const { targets, listen } = await oneLink(service.address, server, { ...HTTP, via: service.address });
    using _traffic = more.length > 0 ? startTraffic(listen, { question: QUESTION }) : undefined;
    const fault = await prepare(type, { link: LINK, ...settings }, targets);
    const proof = await inject(fault);
    expect(proof, proof.finding).toMatchObject({ status });
    expect(await fault.proveTraffic?.()).toBe(more.length > 0 ? 'crossed' : 'none');
    await undo(fault);
  });

  it('judges by the counters: hit, not hit although there was enough to hit, and too little to tell', () => {
    const seen = { chunks: 0, meanDelayMs: null, droppedBytes: 7, closedConnections: 0 };
    const judge = (hits: number, tries: number, share: number) =>
      judgeHits({ ...seen, hits }, { share, tries, what: 'requests', words: 'were hit' });
    expect(judge(3, 10, 0.5)).toMatchObject({
      status: 'confirmed',
      finding: '3 of 10 requests of real traffic were hit',
      measured: { hits: 3, requests: 10, droppedBytes: 7 },
    });
    expect(judge(0, 1, 1)).toMatchObject({ status: 'mismatch' });
    // 0.5 ^ 19 is more than one in a million, 0.5 ^ 20 less.
    expect(judge(0, 19, 0.5)).toBeUndefined();
    expect(judge(0, 20, 0.5)).toMatchObject({
      status: 'mismatch',
      finding: 'none of 20 requests of real traffic were hit',
    });
    expect(judge(0, 0, 1)).toBeUndefined();
  });

  it('can be had from a `plimsoll proxy` that somebody else has started', async () => {
    await using server = await startEmbedded();
    await using service = await startService('http');
    const { targets, listen } = await oneLink(service.address, { api: server.api, embedded: false }, HTTP);
    using traffic = startTraffic(listen, { question: QUESTION });
    await expect.poll(() => traffic.answers).toBeGreaterThan(0);
    const fault = await prepare('http-status', { link: LINK }, targets);
    expect(await inject(fault)).toMatchObject({ status: 'confirmed' });
    expect(await fault.proveTraffic?.()).toBe('crossed');
    await undo(fault);
  });

  it('refuses a link of another protocol, and a jitter above the delay', async () => {
    await using server = await startEmbedded();
    const { targets } = await oneLink('127.0.0.1:1', server, { protocol: 'grpc' });
    for (const [type, settings] of [
      ['http-status', {}],
      ['http-delay', { delay: '1ms' }],
      ['http-abort', {}],
    ] as const)
      await expect(prepare(type, { link: LINK, ...settings }, targets)).rejects.toMatchObject({
        code: 'not_http',
        kind: 'usage',
      });
    const { targets: http } = await oneLink('127.0.0.1:1', server, { ...HTTP, name: 'b' });
    await expect(prepare('http-delay', { link: 'b', delay: '1ms', jitter: '2ms' }, http)).rejects.toMatchObject({
      code: 'bad_setting',
    });
  });
});

describeWith(['toxiproxy'], 'a real Toxiproxy', () => {
  it('has none of these toxics: each fault says so before anything is done', async () => {
    await using server = await startRealToxiproxy();
    const { targets, link } = await oneLink('127.0.0.1:1', server, HTTP);
    for (const [type, settings] of [
      ['http-status', {}],
      ['http-delay', { delay: '1ms' }],
      ['http-abort', {}],
      ['fail-first', { connections: 1 }],
      ['packet-loss', { loss: '1%' }],
    ] as const)
      await expect(prepare(type, { link: LINK, ...settings }, targets)).rejects.toMatchObject({
        code: 'needs_plimsoll_proxy',
        kind: 'usage',
        hint: expect.stringContaining('plimsoll proxy'),
      });
    expect(await link.toxics()).toEqual([]);
  });
});
