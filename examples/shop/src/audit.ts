import { request } from 'undici';
import { z } from 'zod';
import { loopback, PORTS } from './shared/settings.js';

/**
 * Were all orders that customers were told are accepted settled, and each once? Asks gateway and settlement, gives
 * pending orders up to `SHOP_AUDIT_WAIT_MS` (8 s) to be settled, and prints one line:
 * `{"accepted":120,"settled":120,"lost":0,"doubled":0}`. Exit code 0 whenever the question could be answered.
 * `settled` may exceed `accepted`: an order whose customer went away before the answer stands all the same.
 */
const WAIT_MS = z.coerce
  .number()
  .min(0)
  .max(60_000)
  .parse(process.env['SHOP_AUDIT_WAIT_MS'] ?? '8000');

const Line = z.object({ order: z.string() });

const accepted = new Set<string>();
const settled = new Map<string, number>();
const gateway = ledgerReader(`http://${loopback(PORTS.gateway)}/audit/accepted`, (order) => accepted.add(order));
const settlement = ledgerReader(`http://${loopback(PORTS.settlementOps)}/audit/settled`, (order) =>
  settled.set(order, (settled.get(order) ?? 0) + 1),
);

const until = performance.now() + WAIT_MS;
let trouble: Error | undefined;
let lost = 0;
for (;;) {
  try {
    // The gateway first: whatever it names has had the time of the second question to arrive.
    await gateway();
    await settlement();
    trouble = undefined;
    lost = [...accepted].filter((order) => !settled.has(order)).length;
    if (lost === 0) break;
  } catch (error) {
    trouble = error instanceof Error ? error : new Error('unknown trouble', { cause: error });
  }
  if (performance.now() >= until) break;
  await new Promise((resolve) => setTimeout(resolve, 250));
}

if (trouble === undefined) {
  const doubled = [...settled.values()].filter((times) => times > 1).length;
  process.stdout.write(`${JSON.stringify({ accepted: accepted.size, settled: settled.size, lost, doubled })}\n`);
} else {
  process.stderr.write(
    `The audit can't ask the shop at port ${PORTS.gateway} and ${PORTS.settlementOps}: ${trouble.message}\n`,
  );
  process.exitCode = 1;
}

/** Each call reads what was added to the journal since the last one. */
function ledgerReader(url: string, note: (order: string) => void): () => Promise<void> {
  let read = 0;
  return async () => {
    const { statusCode, body } = await request(`${url}?from=${read}`, { headersTimeout: 5_000, bodyTimeout: 5_000 });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}`);
    // A last line without its end is still being written.
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    for (const line of whole.split('\n')) if (line !== '') note(Line.parse(JSON.parse(line)).order);
    read += Buffer.byteLength(whole);
  };
}
