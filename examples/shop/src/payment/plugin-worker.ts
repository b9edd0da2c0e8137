import { parentPort, workerData } from 'node:worker_threads';

/** The isolation in which a price rule runs: see `plugins.ts`, which starts this file as a thread of its own. */
interface Task {
  /** URL of the rule's module. */
  module: string;
  articles: readonly { sku: string; priceCents: number }[];
}

const { module, articles } = workerData as Task;
const { default: rule } = (await import(module)) as { default: (listCents: number, sku: string) => unknown };
const prices = articles.map(({ sku, priceCents }) => [sku, rule(priceCents, sku)]);
parentPort?.postMessage(prices, []);
