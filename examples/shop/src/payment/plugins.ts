import { existsSync, readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { satisfies } from 'semver';
import { z } from 'zod';
import { CATALOGUE } from '../shared/catalogue.js';
import { defects } from '../shared/defects.js';

/**
 * Price rules that are loaded while the shop runs: a folder with `plugin.json` (its version) and a module whose default
 * export says what an article costs, `(listCents, sku) => cents`.
 *
 * Three walls stand before it. Its version must be in the range that this host was written for: asked of the manifest,
 * before a line of it runs. It runs in a thread of its own, with little memory and little time, and is asked for all
 * prices at once: a rule that throws, loops, calls `process.exit` or eats memory does so there. And what it says is checked
 * like any other input. Only then it counts; until then, and otherwise for good, the old one does. (A thread keeps
 * mistakes in, not malice: code that you do not trust at all needs a process without rights.)
 */
export interface PriceList {
  plugin: string;
  version: string;
  /** Of an article of the catalogue. */
  centsOf(sku: string): number;
}

/** There is no such plug-in, or it does not do what it should. */
export class PluginError extends Error {}

/** It was written for another host. */
export class VersionMismatchError extends PluginError {}

/** The contract of rules is at 2; whatever 2.x adds, this host understands. */
const HOST_RANGE = '^2.0.0';
const TIME_LIMIT_MS = 2_000;
const MEMORY_LIMIT_MB = 32;

const FOLDER = new URL('../../plugins/', import.meta.url);
const Manifest = z.strictObject({ version: z.string(), main: z.string().regex(/^[\w.-]+$/) });
const Prices = z.array(z.tuple([z.string(), z.number().int().min(0).max(10_000_000)])).length(CATALOGUE.length);

/** @throws PluginError with the reason; nothing has changed then. */
export async function loadPlugin(plugin: string, folder = FOLDER): Promise<PriceList> {
  const { version, main } = manifestOf(plugin, folder);
  const module = new URL(`${plugin}/${main}`, folder).href;
  if (defects().has('plugin-unchecked')) return unchecked(plugin, version, module);
  if (!satisfies(version, HOST_RANGE)) {
    throw new VersionMismatchError(`${plugin} has version ${version}; this host takes ${HOST_RANGE}`);
  }
  const said = Prices.safeParse(await askInIsolation(module));
  if (!said.success) throw new PluginError(`${plugin} ${version} does not give prices: ${z.prettifyError(said.error)}`);
  const cents = new Map(said.data);
  return { plugin, version, centsOf: (sku) => cents.get(sku) ?? 0 };
}

function manifestOf(plugin: string, folder: URL): z.infer<typeof Manifest> {
  const file = new URL(`${plugin}/plugin.json`, folder);
  if (!/^[a-z][a-z0-9-]{0,40}$/.test(plugin) || !existsSync(file)) {
    throw new PluginError(`there is no plug-in "${plugin}"`);
  }
  try {
    return Manifest.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new PluginError(`plugin.json of ${plugin} must hold a version and a main`, { cause });
  }
}

/** What the rule says of every article, whatever that is. */
function askInIsolation(module: string): Promise<unknown> {
  const worker = new Worker(new URL('plugin-worker.js', import.meta.url), {
    workerData: { module, articles: CATALOGUE },
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_LIMIT_MB, maxYoungGenerationSizeMb: MEMORY_LIMIT_MB / 4 },
  });
  return new Promise<unknown>((resolve, reject) => {
    const late = setTimeout(() => {
      reject(new PluginError(`no answer from the plug-in within ${TIME_LIMIT_MS} ms`));
    }, TIME_LIMIT_MS);
    worker.once('message', resolve);
    worker.once('error', (cause: Error) => reject(new PluginError(`the plug-in failed: ${cause.message}`, { cause })));
    worker.once('exit', () => {
      clearTimeout(late);
      reject(new PluginError('the plug-in ended without an answer'));
    });
  }).finally(() => void worker.terminate());
}

/** The defect: whatever comes is taken in, and called in the middle of a customer's request. */
async function unchecked(plugin: string, version: string, module: string): Promise<PriceList> {
  const { default: rule } = (await import(module)) as { default: (listCents: number, sku: string) => number };
  const list = new Map(CATALOGUE.map(({ sku, priceCents }) => [sku, priceCents]));
  return { plugin, version, centsOf: (sku) => rule(list.get(sku) ?? 0, sku) };
}
