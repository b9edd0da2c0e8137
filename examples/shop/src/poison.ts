import { setTimeout as sleep } from 'node:timers/promises';
import { writeFileSync } from 'node:fs';
import { request } from 'undici';
import { loopback, PORTS } from './shared/settings.js';

/**
 * Sends requests that meet a bug, one at each level of each service that speaks HTTP, over and over, until it is ended
 * or a minute has passed: `node dist/poison.js [file]`. After each round it writes how many it has sent, and what came
 * back, to the file.
 */
const ROUND_MS = 500;
const LONGEST_MS = 60_000;
const LEVELS = ['business', 'handler', 'router', 'detached'];
const file = process.argv[2];

const answers: Record<string, number> = {};
let sent = 0;
for (const endAt = performance.now() + LONGEST_MS; performance.now() < endAt; await sleep(ROUND_MS)) {
  for (const port of [PORTS.gateway, ...PORTS.orders]) {
    for (const level of LEVELS) {
      const answer = await send(port, level);
      sent++;
      answers[answer] = (answers[answer] ?? 0) + 1;
    }
  }
  if (file !== undefined) writeFileSync(file, `${JSON.stringify({ sent, answers })}\n`);
}

async function send(port: number, level: string): Promise<string> {
  try {
    const { statusCode, body } = await request(`http://${loopback(port)}/items/7`, {
      headers: { poison: level },
      headersTimeout: 2_000,
      bodyTimeout: 2_000,
    });
    await body.dump();
    return String(statusCode);
  } catch {
    return 'none';
  }
}
