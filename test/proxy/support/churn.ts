import type { Random } from '../../../src/proxy/random.js';
import type { ApiClient, ProxyJson } from './api-client.js';
import { sleep } from './peers.js';

/**
 * Add, update and remove toxics that lose nothing, then reset: whatever a connection carries meanwhile must arrive.
 * @param pauseMs between two steps, at most
 */
export async function churn(
  api: ApiClient,
  proxy: ProxyJson,
  random: Random,
  { steps, pauseMs }: { steps: number; pauseMs: number },
): Promise<void> {
  const path = `/proxies/${proxy.name}/toxics`;
  const present: { name: string; type: string }[] = [];
  for (let step = 0; step < steps; step += 1) {
    const victim = Math.floor(random() * present.length);
    const toxic = harmless(random);
    const roll = random();
    const known = present[victim];
    if (known && (roll < 0.4 || present.length > 4)) {
      await api.delete(`${path}/${known.name}`);
      present.splice(victim, 1);
    } else if (known && known.type === toxic.type && roll < 0.7) {
      await api.post(`${path}/${known.name}`, { attributes: toxic.attributes, toxicity: random() });
    } else {
      const name = `t${step}`;
      await api.post(path, {
        ...toxic,
        name,
        stream: random() < 0.5 ? 'upstream' : 'downstream',
        toxicity: random() * 2,
      });
      present.push({ name, type: toxic.type });
    }
    if (random() < 0.5) await sleep(random() * pauseMs);
  }
  await api.post('/reset');
}

/** Attributes of toxics that must lose nothing, chosen by chance. */
function harmless(random: Random): { type: string; attributes: Record<string, number> } {
  const upTo = (limit: number): number => Math.floor(random() * limit);
  const choices = [
    { type: 'latency', attributes: { latency: upTo(40), jitter: upTo(40) } },
    { type: 'bandwidth', attributes: { rate: upTo(4) === 0 ? 0 : 500 + upTo(20_000) } },
    { type: 'slicer', attributes: { average_size: 50 + upTo(3000), size_variation: upTo(50), delay: upTo(300) } },
    { type: 'slow_close', attributes: { delay: upTo(50) } },
    { type: 'noop', attributes: {} },
  ];
  return choices[upTo(choices.length)] ?? { type: 'noop', attributes: {} };
}
