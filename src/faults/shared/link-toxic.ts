import type { Proof } from '../../record/proof.js';
import type { UndoRecord } from '../../record/undo.js';
import type { LinkTarget, LinkTraffic } from '../../targets/targets.js';
import { establishedOn } from '../../targets/sockets.js';
import { systemClock } from '../../support/clock.js';
import { parseAddress } from '../../support/units.js';
import type { FaultContext, PreparedFault } from '../fault.js';
import { median, round, sample, type Samples } from './samples.js';

export type Stream = 'upstream' | 'downstream';

export interface ToxicOrder {
  type: string;
  stream: Stream;
  toxicity: number;
  attributes: Record<string, number>;
  /** Tells apart several toxics of one fault on one proxy; part of the name. */
  suffix?: string;
}

/** What a fault knows when it proves itself. */
export interface LinkEvidence {
  link: LinkTarget;
  /** Name of the toxic. */
  toxic: string;
  order: ToxicOrder;
  /** The canary before the injection. */
  before: Samples;
  signal: AbortSignal | undefined;
}

export interface LinkToxicOptions {
  context: FaultContext;
  link: string;
  order: ToxicOrder;
  summary: string;
  /** Measures the effect with the canary; undefined when the canary can't tell. */
  measure(evidence: LinkEvidence): Promise<Proof | undefined>;
  /** Judges the effect on real traffic, as the embedded server saw it; undefined when it does not show there. */
  judgeTraffic(traffic: LinkTraffic['toxics'][string], evidence: LinkEvidence): Proof | undefined;
}

/** A fault that is one toxic on one link: add it, prove it, remove it. */
export function prepareToxic(options: LinkToxicOptions): PreparedFault {
  const { context, order } = options;
  const link = context.targets.link(options.link);
  const toxic = toxicName(context, order.suffix);
  let before: Samples = { roundTripsMs: [], failures: [] };
  let after: TrafficMark | undefined;

  return {
    summary: options.summary,
    targets: [linkRef(link)],
    undo: [removeToxicRecord(context, link, toxic, 0)],
    async inject(signal) {
      before = await sample(link, { count: 5, timeLimitMs: 1000, budgetMs: 1000, signal });
      signal.throwIfAborted();
      await link.addToxic({
        name: toxic,
        type: order.type,
        stream: order.stream,
        toxicity: order.toxicity,
        attributes: order.attributes,
      });
    },
    async prove(signal) {
      const evidence: LinkEvidence = { link, toxic, order, before, signal };
      const proof = (await readBack(evidence)) ?? (await proveEffect(evidence, options));
      after = await markTraffic(link);
      return proof;
    },
    proveUndone: async () => proveToxicGone(link, toxic, before),
    proveTraffic: async () => trafficSince(link, after),
  };
}

/** `plimsoll-<run>-<fault>`: `plimsoll recover --toxiproxy` finds toxics by this, even with all files lost. */
export function toxicName(context: FaultContext, suffix?: string): string {
  return `plimsoll-${context.targets.runId}-${context.id}${suffix ? `-${suffix}` : ''}`.replaceAll(
    /[^A-Za-z0-9_.-]/g,
    '_',
  );
}

export function linkRef(link: LinkTarget): PreparedFault['targets'][number] {
  return { kind: 'link', name: link.plan.name, detail: `${link.plan.listen} → ${link.plan.upstream}` };
}

export function removeToxicRecord(
  context: FaultContext,
  link: LinkTarget,
  toxic: string,
  position: number,
): UndoRecord {
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
async function readBack({ link, toxic, order }: LinkEvidence): Promise<Proof | undefined> {
  const found = (await link.toxics()).find((candidate) => candidate.name === toxic);
  const wrong = Object.entries(order.attributes).find(([key, value]) => found?.attributes[key] !== value);
  if (found?.type === order.type && found.stream === order.stream && !wrong) return undefined;
  return {
    status: 'mismatch',
    method: 'toxic read back from the server',
    finding: found
      ? `the server holds ${toxic} otherwise than ordered: ${JSON.stringify(found.attributes)} instead of ${JSON.stringify(order.attributes)}`
      : `the server does not hold the toxic ${toxic}`,
    measured: { present: found !== undefined },
  };
}

/** How long to wait for the system's own traffic to show the effect when no canary can. */
const TRAFFIC_PATIENCE_MS = 2000;

async function proveEffect(evidence: LinkEvidence, options: LinkToxicOptions): Promise<Proof> {
  const { link, toxic, before, signal } = evidence;
  const measured = before.roundTripsMs.length > 0 ? await options.measure(evidence) : undefined;
  if (measured && measured.status !== 'unknown') return measured;

  const untilUs = systemClock.nowUs() + TRAFFIC_PATIENCE_MS * 1000;
  let traffic = await link.traffic();
  while (traffic) {
    const seen = traffic.toxics[toxic];
    const proof = seen && options.judgeTraffic(seen, evidence);
    if (proof) return proof;
    if (systemClock.nowUs() >= untilUs) break;
    await systemClock.sleep(50, signal);
    traffic = await link.traffic();
  }
  return (
    measured ?? {
      status: 'unknown',
      method: 'toxic read back from the server',
      finding: traffic
        ? `the toxic is in place, but no traffic showed its effect within ${TRAFFIC_PATIENCE_MS / 1000} s, and ${whyNoCanary(before)}`
        : `the toxic is in place, but its effect could not be measured: ${whyNoCanary(before)}`,
      measured: { present: true },
    }
  );
}

function whyNoCanary(before: Samples): string {
  const failure = before.failures[0];
  if (!failure) return 'the canary does not show this kind of harm';
  return failure.outcome === 'unsupported'
    ? failure.detail
    : `the canary failed before the injection too (${failure.detail})`;
}

/** The toxic is off the server's list, and the canary is as fast as before. */
async function proveToxicGone(link: LinkTarget, toxic: string, before: Samples): Promise<Proof> {
  if ((await link.toxics()).some(({ name }) => name === toxic)) {
    return {
      status: 'mismatch',
      method: 'toxic list of the server',
      finding: `the toxic ${toxic} is still on link ${link.plan.name}`,
      measured: { present: true },
    };
  }
  return proveAsBefore(link, before, {
    status: 'confirmed',
    method: 'toxic list of the server',
    finding: `the toxic ${toxic} is gone`,
    measured: { present: false },
  });
}

/** How long a queue that the fault built up may take to drain before the link must be as fast as before. */
const CALM_PATIENCE_MS = 5000;

/** The canary is as fast as before, within noise; `without` is what stands where there is no canary to ask. */
export async function proveAsBefore(link: LinkTarget, before: Samples, without: Proof): Promise<Proof> {
  if (before.roundTripsMs.length === 0) return without;
  const limitMs = Math.max(...before.roundTripsMs) + 5;
  const untilUs = systemClock.nowUs() + CALM_PATIENCE_MS * 1000;
  let last: Samples;
  do {
    last = await sample(link, { count: 5, timeLimitMs: 1000, budgetMs: 500 });
    const fastest = Math.min(...last.roundTripsMs);
    if (fastest <= limitMs) {
      return {
        status: 'confirmed',
        method: `${link.plan.protocol} canary through the link, before and after`,
        finding: `${without.finding}, and the canary answers as fast as before: ${round(fastest)} ms, before ${round(median(before.roundTripsMs))} ms`,
        measured: {
          ...without.measured,
          beforeMs: round(median(before.roundTripsMs)),
          afterMs: round(fastest),
          samples: last.roundTripsMs.length,
        },
      };
    }
    await systemClock.sleep(50);
  } while (systemClock.nowUs() < untilUs);
  const failure = last.failures[0];
  return {
    status: 'mismatch',
    method: `${link.plan.protocol} canary through the link, before and after`,
    finding:
      last.roundTripsMs.length > 0
        ? `${without.finding}, but the canary still takes ${round(Math.min(...last.roundTripsMs))} ms, before ${round(median(before.roundTripsMs))} ms`
        : `${without.finding}, but the canary gets no answer: ${failure?.detail ?? 'no reason'}`,
    measured: {
      ...without.measured,
      beforeMs: round(median(before.roundTripsMs)),
      afterMs: last.roundTripsMs.length > 0 ? round(Math.min(...last.roundTripsMs)) : null,
    },
  };
}

/** The link's traffic at one moment, to compare with later. */
export interface TrafficMark {
  traffic: LinkTraffic | undefined;
}

export async function markTraffic(link: LinkTarget): Promise<TrafficMark> {
  return { traffic: await link.traffic() };
}

/** Did the system's own traffic cross since the mark? Canaries don't count. */
export async function trafficSince(
  link: LinkTarget,
  mark: TrafficMark | undefined,
): Promise<'crossed' | 'none' | 'unverified'> {
  const now = await link.traffic();
  if (now) {
    const then = mark?.traffic ?? { upstreamBytes: 0, downstreamBytes: 0, connectionsTotal: 0 };
    const grew =
      now.upstreamBytes > then.upstreamBytes ||
      now.downstreamBytes > then.downstreamBytes ||
      now.connectionsTotal > then.connectionsTotal;
    return grew ? 'crossed' : 'none';
  }
  // A real Toxiproxy counts a connection only when it ends. An established one on its port is the next best evidence.
  const listen = parseAddress(link.plan.listen);
  return listen.ok && isLoopback(listen.value.host) && establishedOn(listen.value.port) > 0 ? 'crossed' : 'unverified';
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
