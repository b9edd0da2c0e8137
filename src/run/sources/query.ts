import { queryInstant } from '../../metrics/prometheus-client.js';
import type { SourcePlan } from '../../plan/plan.js';
import type { SourceSample } from '../../record/source-sample.js';
import { PlimsollError, messageOf } from '../../support/errors.js';
import { trouble } from './trouble.js';

type QueryPlan = Extract<SourcePlan, { how: 'query' }>;

/** The name of a series, with its labels at most: nothing is computed. */
const SELECTOR = /^[a-zA-Z_:][a-zA-Z0-9_:]*\s*(\{[^}]*\})?$/;

/**
 * Asks a Prometheus with PromQL. It answers with what it has, up to five minutes old. So of a plain series the age is asked
 * for too, and a sample that was read before does not count again: a value that nobody collects any more is no news.
 */
export class QueryReader {
  #lastSampleS: number | undefined;

  constructor(
    private readonly plan: QueryPlan,
    /** A sample older than this is stale, seconds. */
    private readonly oldestS: number,
  ) {}

  /** Undefined: there has been no new sample since the last reading. */
  async read(limits: { timeLimitMs: number; signal: AbortSignal }): Promise<SourceSample | undefined> {
    const { server, query } = this.plan;
    try {
      const series = await queryInstant(server, query, limits);
      const [only, ...others] = series;
      if (!only) return trouble('missing', `\`${query}\` gives nothing in ${server}`);
      if (others.length > 0) return trouble('several', `\`${query}\` gives ${series.length} series in ${server}`);
      const value = only.points[0]?.[1] ?? NaN;
      if (!Number.isFinite(value)) return trouble('not_a_number', `\`${query}\` gives ${value} in ${server}`);
      return await this.#judgeAge(value, only.points[0]?.[0] ?? 0, limits);
    } catch (error) {
      limits.signal.throwIfAborted();
      const isAnswer = error instanceof PlimsollError && error.code !== 'prometheus_unreachable';
      return trouble(isAnswer ? 'unreadable' : 'unreachable', messageOf(error));
    }
  }

  async #judgeAge(
    value: number,
    askedAtS: number,
    limits: { timeLimitMs: number; signal: AbortSignal },
  ): Promise<SourceSample | undefined> {
    const { server, query } = this.plan;
    if (!SELECTOR.test(query.trim())) return { kind: 'value', value };
    const [age] = await queryInstant(server, `timestamp(${query})`, { ...limits, atS: askedAtS });
    const sampledAtS = age?.points[0]?.[1] ?? NaN;
    const ageS = askedAtS - sampledAtS;
    if (!(ageS <= this.oldestS))
      return trouble('stale', `the last sample of \`${query}\` in ${server} is ${Math.round(ageS)} s old`);
    if (sampledAtS === this.#lastSampleS) return undefined;
    this.#lastSampleS = sampledAtS;
    return { kind: 'value', value };
  }
}
