import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { checkReady, waitForReady } from '../../src/run/readiness.js';

async function serverThat(answer: (asked: number) => number) {
  let asked = 0;
  const server = createServer((_, response) => response.writeHead(answer(++asked)).end());
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, [Symbol.asyncDispose]: async () => new Promise<void>((settle) => void server.close(() => settle())) };
}

const never = new AbortController().signal;

describe('readiness', () => {
  it('waits until the answer is 2xx', async () => {
    await using server = await serverThat((asked) => (asked < 3 ? 503 : 204));
    await waitForReady(server.url, {
      who: 'it',
      timeLimitMs: 5000,
      isOurs: true,
      signal: never,
      ended: () => undefined,
    });
    expect(await checkReady(server.url, 1000)).toBe(true);
  });

  it('says what it last heard when the time is over', async () => {
    await using server = await serverThat(() => 503);
    const waiting = waitForReady(server.url, {
      who: 'it',
      timeLimitMs: 200,
      isOurs: false,
      signal: never,
      ended: () => undefined,
    });
    await expect(waiting).rejects.toMatchObject({
      code: 'not_ready',
      message: expect.stringContaining('status 503') as string,
      // What somebody else started has no log in the run directory.
      hint: expect.not.stringContaining('logs/') as string,
    });
  });

  it('does not wait for the dead, nor after an abort', async () => {
    const options = { who: 'it', timeLimitMs: 60_000, isOurs: true, signal: never, ended: () => 'exit code 1' };
    await expect(waitForReady('http://127.0.0.1:9/', options)).rejects.toMatchObject({ code: 'system_ended' });
    const abort = new AbortController();
    const waiting = waitForReady('http://127.0.0.1:9/', { ...options, ended: () => undefined, signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});
