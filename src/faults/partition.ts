import { z } from 'zod';
import type { Proof } from '../record/proof.js';
import { PlimsollError } from '../support/errors.js';
import { defineFault, type FaultContext, type PreparedFault } from './fault.js';
import { prepareDown } from './shared/link-down.js';
import { measureNoAnswer } from './shared/link-proof.js';
import { prepareToxic, type ToxicOrder } from './shared/link-toxic.js';

const settings = z.strictObject({
  links: z.array(z.string().min(1)).min(1).describe('The names of the links that are cut at the same time'),
  mode: z
    .enum(['black-hole', 'refuse'])
    .default('black-hole')
    .describe('black-hole: data disappears and connections hang; refuse: connections end and new ones are refused'),
  direction: z
    .enum(['both', 'upstream', 'downstream'])
    .default('both')
    .describe('For black-hole: which way data disappears; one way alone makes a half-open network'),
});

type Direction = z.output<typeof settings>['direction'];

export default defineFault({
  type: 'partition',
  title: 'Network partition',
  family: 'link',
  description:
    'Several links are cut at once, as when a switch or a zone fails: the services run, but cannot reach each other. ' +
    'It shows whether they wait, give up, or go on with two truths, and whether they find together again.',
  settings,
  duration: 'lasting',
  example: '- { type: partition, links: [payment-broker, settlement-broker], mode: black-hole }',
  refersTo: (given) => ({ links: given.links, services: [] }),
  async prepare(given, context) {
    if (new Set(given.links).size < given.links.length) {
      throw new PlimsollError({
        code: 'link_twice',
        message: `partition names a link twice: ${given.links.join(', ')}`,
        hint: 'Name each link once.',
        kind: 'usage',
      });
    }
    const parts = given.links.map((name, position) =>
      given.mode === 'refuse'
        ? prepareDown(context, name, position)
        : blackHole(context, name, given.direction, 2 * position),
    );
    const pairs = given.links.map((name) => {
      const { from, to } = context.targets.link(name).plan;
      return `${from} ${arrow(given)} ${to}`;
    });
    const how = given.mode === 'refuse' ? 'connections are refused' : 'nothing arrives';
    return together(`partition ${pairs.join(', ')}: ${how} (links ${given.links.join(', ')})`, parts);
  },
});

function arrow({ mode, direction }: { mode: string; direction: Direction }): string {
  if (mode === 'refuse' || direction === 'both') return '↮';
  return direction === 'upstream' ? '↛' : '↚';
}

function blackHole(context: FaultContext, link: string, direction: Direction, firstRecord: number): PreparedFault {
  const order = (stream: ToxicOrder['stream']): ToxicOrder => ({
    type: 'timeout',
    stream,
    toxicity: 1,
    attributes: { timeout: 0 },
  });
  return prepareToxic({
    context,
    link,
    orders: direction === 'both' ? [order('upstream'), order('downstream')] : [order(direction)],
    firstRecord,
    summary: '',
    measure: async (evidence) => measureNoAnswer(evidence, ['timeout'], 0),
    judgeTraffic: ({ droppedBytes }) =>
      droppedBytes === 0
        ? undefined
        : {
            status: 'confirmed',
            method: 'bytes of real traffic that the proxy dropped',
            finding: `${droppedBytes} bytes of real traffic were dropped`,
            measured: { droppedBytes },
          },
  });
}

/** Several faults as one: all at once, and proven only if each is. */
function together(summary: string, parts: readonly PreparedFault[]): PreparedFault {
  return {
    summary,
    targets: parts.flatMap(({ targets }) => targets),
    undo: parts.flatMap(({ undo }) => undo),
    inject: async (signal) => {
      // All must have ended, also when one fails, so that no order comes in after the undo.
      const results = await Promise.allSettled(parts.map(async (part) => part.inject(signal)));
      for (const result of results) if (result.status === 'rejected') throw result.reason;
    },
    prove: async (signal) => worst(parts, await Promise.all(parts.map(async (part) => part.prove(signal)))),
    proveUndone: async () => worst(parts, await Promise.all(parts.map(async (part) => part.proveUndone()))),
    async proveTraffic() {
      const found = await Promise.all(parts.map(async (part) => (await part.proveTraffic?.()) ?? 'unverified'));
      return found.includes('none') ? 'none' : found.includes('unverified') ? 'unverified' : 'crossed';
    },
  };
}

function worst(parts: readonly PreparedFault[], proofs: readonly Proof[]): Proof {
  const status =
    (['mismatch', 'unknown'] as const).find((one) => proofs.some((proof) => proof.status === one)) ?? 'confirmed';
  const nameOf = (position: number) => parts[position]?.targets[0]?.name ?? '';
  return {
    status,
    method: [...new Set(proofs.map(({ method }) => method))].join('; '),
    finding: proofs.map(({ finding }, position) => `${nameOf(position)}: ${finding}`).join('; '),
    measured: Object.fromEntries(
      proofs.flatMap(({ measured }, position) =>
        Object.entries(measured).map(([key, value]) => [`${nameOf(position)}.${key}`, value]),
      ),
    ),
  };
}
