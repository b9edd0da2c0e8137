import type { Logger } from '../shared/log.js';
import { Once } from '../shared/once.js';
import { loadPlugin, PluginError, type PriceList } from './plugins.js';

/** What articles cost now. The first one who asks makes the price rule start, once. */
export class Prices {
  private refused = 0;
  private list: PriceList | undefined;
  private readonly first = new Once(() => loadPlugin('list-price'));

  constructor(private readonly log: Logger) {}

  async now(): Promise<PriceList> {
    return this.list ?? this.first.get();
  }

  /** Swaps the rule, whole or not at all. @throws PluginError when the old one stays. */
  async load(plugin: string): Promise<void> {
    try {
      this.list = await loadPlugin(plugin);
      this.log.info({ plugin, version: this.list.version }, 'price rule loaded');
    } catch (error) {
      if (error instanceof PluginError) {
        this.refused++;
        this.log.warn({ plugin, reason: error.message }, 'price rule refused; the old one stays');
      }
      throw error;
    }
  }

  /** For operators: which rule it is, how often the first one was started, and how many were refused. */
  async state(): Promise<{ plugin: string; version: string; initialisations: number; refused: number }> {
    const { plugin, version } = await this.now();
    return { plugin, version, initialisations: this.first.runs, refused: this.refused };
  }
}
