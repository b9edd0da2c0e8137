import type { Proof } from '../../record/proof.js';
import { firstUnreachable } from '../../targets/reachable.js';
import type { LinkTraffic } from '../../targets/targets.js';
import type { FaultContext, PreparedFault } from '../fault.js';
import { linkRef } from './link-toxic.js';
import { markTraffic, proveAsBefore } from './link-proof.js';
import { sample, type Samples } from './samples.js';

/** A link that refuses connections: its proxy is disabled, which also ends the connections that are open. */
export function prepareDown(context: FaultContext, linkName: string, position: number): PreparedFault {
  const link = context.targets.link(linkName);
  const { name, from, to, listen, via } = link.plan;
  let before: Samples = { roundTripsMs: [], failures: [] };
  let usedBefore: LinkTraffic | undefined;

  return {
    summary: `connections from ${from} to ${to} are refused (link ${name})`,
    targets: [linkRef(link)],
    undo: [
      {
        kind: 'enable-proxy',
        id: `${context.id}/${position}`,
        fault: context.id,
        words: `enable the proxy of link ${name} again`,
        byHand: `curl -sS -X POST ${link.api}/proxies/${link.proxy} -d '{"enabled":true}'`,
        timeLimitMs: 10_000,
        api: link.api,
        proxy: link.proxy,
        listen,
      },
    ],
    async inject(signal) {
      before = await sample(link, { count: 5, timeLimitMs: 1000, budgetMs: 1000, signal });
      usedBefore = await markTraffic(link);
      signal.throwIfAborted();
      await link.setEnabled(false);
    },
    async prove(): Promise<Proof> {
      const method = 'a connection through the link';
      if (await link.enabled())
        return { status: 'mismatch', method, finding: `the proxy of link ${name} is still enabled`, measured: {} };
      const address = via ?? listen;
      if ((await firstUnreachable([address], 1000)) !== undefined) {
        return { status: 'confirmed', method, finding: `${address} refuses connections`, measured: { refused: true } };
      }
      // Something before the proxy (a published container port) may accept for it; then the question itself must fail.
      const { outcome } = await link.canary(1000);
      const failed = outcome === 'closed' || outcome === 'reset' || outcome === 'refused';
      return {
        status: failed ? 'confirmed' : outcome === 'answered' ? 'mismatch' : 'unknown',
        method,
        finding: `the proxy is disabled, ${address} accepts connections, and the canary ends with: ${outcome}`,
        measured: { refused: false, outcome },
      };
    },
    async proveUndone(): Promise<Proof> {
      const method = 'proxy enabled, and a connection through the link';
      const silent = await firstUnreachable([via ?? listen], 1000);
      if (!(await link.enabled()) || silent !== undefined) {
        return {
          status: 'mismatch',
          method,
          finding: `link ${name} still refuses connections`,
          measured: { refused: true },
        };
      }
      return proveAsBefore(link, before, {
        status: 'confirmed',
        method,
        finding: `link ${name} accepts connections again`,
        measured: { refused: false },
      });
    },
    // Nothing crosses a link that refuses; what it carried until then tells whether anybody uses it.
    async proveTraffic() {
      if (!usedBefore) return 'unverified';
      return usedBefore.upstreamBytes + usedBefore.downstreamBytes > 0 ? 'crossed' : 'none';
    },
  };
}
