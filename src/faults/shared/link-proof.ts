import type { Proof } from '../../record/proof.js';
import type { CanaryResult, LinkTarget, LinkTraffic, ToxicTraffic } from '../../targets/targets.js';
import { establishedOn, namespaceListeningOn } from '../../targets/sockets.js';
import { systemClock } from '../../support/clock.js';
import { formatMs, parseAddress } from '../../support/units.js';
import type { LinkEvidence } from './link-toxic.js';
import { median, round, sample, type Samples } from './samples.js';

/** How long a queue that the fault built up may take to drain before the link must be as fast as before. */
const CALM_PATIENCE_MS = 5000;

/** The canary is as fast as before, within noise; `without` is what stands where there is no canary to ask. */
export async function proveAsBefore(link: LinkTarget, before: Samples, without: Proof): Promise<Proof> {
  if (before.roundTripsMs.length === 0) return without;
  const method = `${link.plan.protocol} canary through the link, before and after`;
  const beforeMs = round(median(before.roundTripsMs));
  const limitMs = Math.max(...before.roundTripsMs) + 5;
  const untilUs = systemClock.nowUs() + CALM_PATIENCE_MS * 1000;
  let last: Samples;
  do {
    last = await sample(link, { count: 5, timeLimitMs: 1000, budgetMs: 500 });
    const afterMs = round(Math.min(...last.roundTripsMs));
    if (afterMs <= limitMs) {
      return {
        status: 'confirmed',
        method,
        finding: `${without.finding}, and the canary answers as fast as before: ${afterMs} ms, before ${beforeMs} ms`,
        measured: { ...without.measured, beforeMs, afterMs, samples: last.roundTripsMs.length },
      };
    }
    await systemClock.sleep(50);
  } while (systemClock.nowUs() < untilUs);
  const afterMs = last.roundTripsMs.length > 0 ? round(Math.min(...last.roundTripsMs)) : null;
  const finding =
    afterMs === null
      ? `${without.finding}, but the canary gets no answer: ${last.failures[0]?.detail ?? 'no reason'}`
      : `${without.finding}, but the canary still takes ${afterMs} ms, before ${beforeMs} ms`;
  return { status: 'mismatch', method, finding, measured: { ...without.measured, beforeMs, afterMs } };
}

/**
 * For faults that keep answers away: the canary, answered before, now ends otherwise.
 *
 * @param expected outcomes that show the harm; an answer is a mismatch unless only a share of the connections is hit.
 */
export async function measureNoAnswer(
  { link, before, partial, signal }: LinkEvidence,
  expected: readonly Exclude<CanaryResult['outcome'], 'answered' | 'unsupported'>[],
  waitMs: number,
): Promise<Proof | undefined> {
  const timeLimitMs = Math.ceil(waitMs + 3 * Math.max(...before.roundTripsMs) + 250);
  const { roundTripsMs, failures } = await sample(link, {
    count: partial ? 20 : 2,
    timeLimitMs,
    budgetMs: partial ? 4000 : 1000,
    signal,
  });
  const shown = failures.filter(({ outcome }) => expected.some((one) => one === outcome));
  const method = `${link.plan.protocol} canary through the link, before and after`;
  const asked = roundTripsMs.length + failures.length;
  const measured = {
    asked,
    answered: roundTripsMs.length,
    outcome: failures[0]?.outcome ?? 'answered',
    beforeMs: round(median(before.roundTripsMs)),
  };
  if (shown.length > 0 && (partial || roundTripsMs.length === 0)) {
    const finding = `${shown.length} of ${asked} questions got no answer (${shown[0]?.detail}); before, it took ${measured.beforeMs} ms`;
    return { status: 'confirmed', method, finding, measured };
  }
  if (partial) return undefined;
  const what =
    roundTripsMs.length > 0
      ? `${roundTripsMs.length} of ${asked} questions were answered`
      : `the canary ended otherwise: ${failures[0]?.detail}`;
  return {
    status: 'mismatch',
    method,
    finding: `${what}; expected: ${expected.join(' or ')} within ${formatMs(timeLimitMs)}`,
    measured,
  };
}

/** The link's traffic at this moment, to compare with later. */
export async function markTraffic(link: LinkTarget): Promise<LinkTraffic | undefined> {
  return link.traffic();
}

/** Did the system's own traffic come since the mark? Canaries don't count. */
export async function trafficSince(
  link: LinkTarget,
  then: LinkTraffic | undefined,
): Promise<'crossed' | 'none' | 'unverified'> {
  const now = await link.traffic();
  if (now) return grew(then, now) ? 'crossed' : 'none';
  // A real Toxiproxy counts a connection only when it ends. An established one on its port is the next best evidence;
  // short ones are seen by looking often.
  const listen = parseAddress(link.plan.listen);
  if (!listen.ok) return 'unverified';
  const { host, port } = listen.value;
  // A proxy in a container of this machine has its connections in a network namespace of its own.
  const inside = link.plan.via && !isLoopback(host) ? namespaceListeningOn(port) : undefined;
  if (!isLoopback(host) && inside === undefined) return 'unverified';
  for (let looks = 0; looks < 50; looks++) {
    if (establishedOn(port, inside) > 0) return 'crossed';
    await systemClock.sleep(10);
  }
  return 'unverified';
}

/** Waits a moment for traffic to come; false as well where the server can't tell. */
export async function sawTraffic(
  link: LinkTarget,
  then: LinkTraffic | undefined,
  timeLimitMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const untilUs = systemClock.nowUs() + timeLimitMs * 1000;
  for (;;) {
    const now = await link.traffic();
    if (!now) return false;
    if (grew(then, now)) return true;
    if (systemClock.nowUs() >= untilUs) return false;
    await systemClock.sleep(20, signal);
  }
}

function grew(then: LinkTraffic | undefined, now: LinkTraffic): boolean {
  return (
    now.upstreamBytes > (then?.upstreamBytes ?? 0) ||
    now.downstreamBytes > (then?.downstreamBytes ?? 0) ||
    now.connectionsTotal > (then?.connectionsTotal ?? 0) ||
    // What a toxic swallows is not written to anybody, but it had come.
    Object.entries(now.toxics).some(([name, seen]) => actions(seen) > actions(then?.toxics[name]))
  );
}

function actions(seen: ToxicTraffic | undefined): number {
  return seen ? seen.chunks + (seen.hits ?? 0) + (seen.requests ?? 0) : 0;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}
