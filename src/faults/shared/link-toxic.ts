import { isDeepStrictEqual } from 'node:util';
import type { Proof } from '../../record/proof.js';
import type { UndoRecord } from '../../record/undo.js';
import type { LinkTarget, LinkTraffic, ToxicAttribute, ToxicTraffic } from '../../targets/targets.js';
import { systemClock } from '../../support/clock.js';
import type { FaultContext, PreparedFault } from '../fault.js';
import { markTraffic, proveAsBefore, sawTraffic, trafficSince } from './link-proof.js';
import { sample, type Samples } from './samples.js';

export interface ToxicOrder {
  type: string;
  stream: 'upstream' | 'downstream';
  toxicity: number;
  attributes: Record<string, ToxicAttribute>;
}

/** What a fault knows when it proves itself. */
export interface LinkEvidence {
  link: LinkTarget;
  /** The canary before the injection. */
  before: Samples;
  /** Whether each connection is hit, or only a share of them. */
  partial: boolean;
  signal: AbortSignal;
}

export interface LinkToxicOptions {
  context: FaultContext;
  link: string;
  orders: [ToxicOrder, ...ToxicOrder[]];
  summary: string;
  /** Number of the first undo record, when the fault has several links. */
  firstRecord?: number;
  /** Does `measure` need a canary that was answered before? Default true. */
  needsCanary?: boolean;
  /** Measures the effect from outside; undefined when it can't tell. */
  measure?(evidence: LinkEvidence): Promise<Proof | undefined>;
  /** Judges the effect on real traffic, as the embedded server saw it; undefined as long as it does not show there. */
  judgeTraffic?(traffic: ToxicTraffic): Proof | undefined;
}

/** A link that is in use shows it within this time, mostly; one that does not gets until the end of the window. */
const EARLY_TRAFFIC_MS = 200;

/** A fault that is one toxic on one link, or one in each direction: add, prove, remove. */
export function prepareToxic(options: LinkToxicOptions): PreparedFault {
  const { context, orders } = options;
  const link = context.targets.link(options.link);
  const first = options.firstRecord ?? 0;
  const placed = orders.map((order, position) => ({ ...order, name: toxicName(context, first + position) }));
  let before: Samples = { roundTripsMs: [], failures: [] };
  let injectedAt: LinkTraffic | undefined;
  let provenAt: LinkTraffic | undefined;
  let crossed = false;

  return {
    summary: options.summary,
    targets: [linkRef(link)],
    undo: placed.map(({ name }, position) => removeToxicRecord(context, link, name, first + position)),
    async inject(signal) {
      before = await sample(link, { count: 5, timeLimitMs: 1000, budgetMs: 1000, signal });
      for (const toxic of placed) {
        signal.throwIfAborted();
        await link.addToxic(toxic);
      }
      injectedAt = await markTraffic(link);
      // Whatever our toxics have acted on already came while the fault was active.
      for (const { name } of placed) delete injectedAt?.toxics[name];
    },
    async prove(signal) {
      const evidence: LinkEvidence = { link, before, partial: placed.some(({ toxicity }) => toxicity < 1), signal };
      const wrong = await readBack(link, placed);
      if (wrong) return wrong;
      // Before our own canaries mix in. Traffic that hangs in the fault comes now or never again.
      crossed = await sawTraffic(link, injectedAt, EARLY_TRAFFIC_MS, signal);
      const proof = await proveEffect(evidence, placed, options);
      provenAt = await markTraffic(link);
      return proof;
    },
    async proveUndone() {
      const present = (await link.toxics())
        .map(({ name }) => name)
        .filter((name) => placed.some((toxic) => toxic.name === name));
      const method = 'toxic list of the server';
      if (present.length > 0) {
        const finding = `${present.join(', ')} is still on link ${link.plan.name}`;
        return { status: 'mismatch', method, finding, measured: { present: true } };
      }
      const finding = `${placed.map(({ name }) => name).join(', ')} is gone`;
      return proveAsBefore(link, before, { status: 'confirmed', method, finding, measured: { present: false } });
    },
    proveTraffic: async () => (crossed ? 'crossed' : trafficSince(link, provenAt)),
  };
}

/** `plimsoll-<run>-<fault>`: `plimsoll recover --toxiproxy` finds toxics by this, even with all files lost. */
function toxicName(context: FaultContext, position: number): string {
  const name = `plimsoll-${context.targets.runId}-${context.id}${position > 0 ? `-${position}` : ''}`;
  return name.replaceAll(/[^A-Za-z0-9_.-]/g, '_');
}

export function linkRef(link: LinkTarget): PreparedFault['targets'][number] {
  return { kind: 'link', name: link.plan.name, detail: `${link.plan.listen} → ${link.plan.upstream}` };
}

function removeToxicRecord(context: FaultContext, link: LinkTarget, toxic: string, position: number): UndoRecord {
  return {
    kind: 'remove-toxic',
    id: `${context.id}/${position}`,
    fault: context.id,
    words: `remove toxic ${toxic} from link ${link.plan.name}`,
    byHand: `curl -sS -X DELETE ${link.api}/proxies/${link.proxy}/toxics/${toxic}`,
    timeLimitMs: 10_000,
    api: link.api,
    proxy: link.proxy,
    listen: link.plan.listen,
    toxic,
  };
}

/** A toxic that is not there, or not as ordered, is a mismatch whatever the measurements say. */
async function readBack(
  link: LinkTarget,
  placed: readonly (ToxicOrder & { name: string })[],
): Promise<Proof | undefined> {
  const onServer = await link.toxics();
  for (const { name, type, stream, attributes } of placed) {
    const found = onServer.find((candidate) => candidate.name === name);
    const same =
      found?.type === type &&
      found.stream === stream &&
      Object.entries(attributes).every(([key, value]) => isDeepStrictEqual(found.attributes[key], value));
    if (same) continue;
    return {
      status: 'mismatch',
      method: 'toxic read back from the server',
      finding: found
        ? `the server holds ${name} otherwise than ordered: ${JSON.stringify(found.attributes)} instead of ${JSON.stringify(attributes)}`
        : `the server does not hold the toxic ${name}`,
      measured: { present: found !== undefined },
    };
  }
  return undefined;
}

/** How long to wait for the system's own traffic to show the effect when no canary can. */
const TRAFFIC_PATIENCE_MS = 2000;

async function proveEffect(
  evidence: LinkEvidence,
  placed: readonly (ToxicOrder & { name: string })[],
  options: LinkToxicOptions,
): Promise<Proof> {
  const { link, before, signal } = evidence;
  const canMeasure = options.needsCanary === false || before.roundTripsMs.length > 0;
  const measured = canMeasure ? await options.measure?.(evidence) : undefined;
  if (measured) return measured;

  const untilUs = systemClock.nowUs() + TRAFFIC_PATIENCE_MS * 1000;
  let traffic = await link.traffic();
  while (traffic) {
    for (const { name } of placed) {
      const seen = traffic.toxics[name];
      const proof = seen && options.judgeTraffic?.(seen);
      if (proof) return proof;
    }
    if (systemClock.nowUs() >= untilUs) break;
    await systemClock.sleep(50, signal);
    traffic = await link.traffic();
  }
  const noTraffic = `no traffic showed its effect within ${TRAFFIC_PATIENCE_MS / 1000} s`;
  return {
    status: 'unknown',
    method: 'toxic read back from the server',
    finding: `the toxic is in place, but its effect could not be measured: ${traffic ? `${noTraffic}, and ` : ''}${whyNoCanary(before)}`,
    measured: { present: true },
  };
}

function whyNoCanary(before: Samples): string {
  const failure = before.failures[0];
  if (!failure || before.roundTripsMs.length > 0) return 'the canary does not show this kind of harm';
  return failure.outcome === 'unsupported'
    ? failure.detail
    : `the canary failed before the injection too (${failure.detail})`;
}
