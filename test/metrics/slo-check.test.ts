import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRunMetrics } from '../../src/metrics/run-metrics.js';
import type { CheckSlos } from '../../src/metrics/slo-check.js';
import type { Served } from '../../src/metrics/serve.js';

let check: CheckSlos;
let served: Served;
let asked: number[];
beforeEach(async () => {
  asked = [];
  check = async () => ({ verdict: 'passed' });
  served = await createRunMetrics().serve(0, undefined, async (seconds) => {
    asked.push(seconds);
    return check(seconds);
  });
});
afterEach(() => served.close());

async function ask(body = '', headers: Record<string, string> = {}): Promise<{ status: number; answer: unknown }> {
  const { port } = new URL(served.url);
  return new Promise((resolve, reject) => {
    const sent = request({ port, path: '/slo/check', method: 'POST', headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, answer: JSON.parse(text) }));
    });
    sent.once('error', reject).end(body);
  });
}

describe('POST /slo/check', () => {
  it('answers with the verdict on the last 60 s, or on as many as were asked for', async () => {
    expect(await ask()).toEqual({ status: 200, answer: { verdict: 'passed' } });
    expect(await ask('{"seconds": 120}')).toMatchObject({ status: 200 });
    expect(asked).toEqual([60, 120]);
  });

  it('says what is wrong with a body', async () => {
    for (const body of [
      '{',
      '[]',
      '{"seconds": 5}',
      '{"seconds": "60"}',
      '{"seconds": 1e9}',
      'null',
      ' '.repeat(5000),
    ]) {
      expect(await ask(body), body.slice(0, 20)).toMatchObject({
        status: 400,
        answer: { error: expect.stringContaining('from 20 to 3600') },
      });
    }
    expect(asked).toEqual([]);
  });

  it('is not for browsers, nor for foreign names that lead here', async () => {
    for (const headers of [{ origin: 'https://evil.example' }, { host: 'evil.example' }]) {
      expect(await ask('', headers)).toMatchObject({ status: 403 });
    }
    expect(asked).toEqual([]);
  });

  it('checks one at a time, and says so when no run is going on, or the check breaks', async () => {
    let finish = (_answer: unknown): void => undefined;
    check = async () => new Promise((resolve) => (finish = resolve));
    const first = ask();
    while (asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await ask()).toMatchObject({ status: 429 });
    finish(undefined);
    expect(await first).toMatchObject({ status: 409 });
    check = async () => Promise.reject(new Error('the records cannot be read'));
    expect(await ask()).toEqual({ status: 500, answer: { error: 'the records cannot be read' } });
  });
});
