import { expect, it } from 'vitest';
import { randomStream } from '../../src/proxy/random.js';
import { LastSecond } from '../../src/proxy/toxics/second.js';

function variedLines(): () => number {
  const random = randomStream(3, 'lines');
  return () => 0.3 + random() * 3;
}

/** Line times that were sent, and when, of a sender that wants to make good everything it was ever late by. */
function greedy(
  stallMs: (step: number) => number,
  limited: boolean,
  nextLineMs = variedLines(),
): { atMs: number; lineMs: number }[] {
  const second = new LastSecond();
  const sends: { atMs: number; lineMs: number }[] = [];
  let nowMs = 1000;
  let freeAtMs = nowMs;
  for (let step = 0; nowMs < 9000; step += 1) {
    const lineMs = nextLineMs();
    freeAtMs += lineMs;
    nowMs = Math.max(nowMs, freeAtMs, limited ? second.earliest() : 0) + stallMs(step);
    second.sent(nowMs, lineMs);
    sends.push({ atMs: nowMs, lineMs });
  }
  return sends;
}

/** The piece that ends a second was on its way before. */
function mostInASecond(sends: readonly { atMs: number; lineMs: number }[]): number {
  let most = 0;
  let first = 0;
  let within = 0;
  for (const { atMs, lineMs } of sends) {
    while ((sends[first]?.atMs ?? atMs) + 1000 <= atMs) {
      within -= sends[first]?.lineMs ?? 0;
      first += 1;
    }
    most = Math.max(most, within);
    within += lineMs;
  }
  return most;
}

it.each([
  ['rare and long', (step: number) => (step % 700 === 699 ? 60 : 0)],
  ['frequent and short', (step: number) => (step % 40 === 39 ? 7 : 0.2)],
  ['none', () => 0],
])('no second carries 1.004 times its bytes or more, whatever held the line up: %s', (_, stallMs) => {
  expect(mostInASecond(greedy(stallMs, true))).toBeLessThanOrEqual(1004.001);
});

it('without the limit a second would carry more', () => {
  expect(mostInASecond(greedy((step) => (step % 700 === 699 ? 60 : 0), false))).toBeGreaterThan(1020);
});

it('frequent short stalls cost less than one of them a second', () => {
  const sends = greedy((step) => (step % 100 === 99 ? 6 : 0), true);
  const used = sends.reduce((sum, { lineMs }) => sum + lineMs, 0);
  const took = (sends.at(-1)?.atMs ?? 0) - 1000;
  expect(used / took).toBeGreaterThan(0.994);
});

it.each([0.3, 7, 32.768, 100])('an undisturbed line of pieces of %d ms is not held up at all', (lineMs) => {
  const sends = greedy(
    () => 0,
    true,
    () => lineMs,
  );
  expect((sends.at(-1)?.atMs ?? 0) - 1000).toBeCloseTo(sends.length * lineMs, 3);
});
