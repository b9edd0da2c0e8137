import fc from 'fast-check';

type Stream = 'upstream' | 'downstream';
type End = 'client' | 'server';

/** A step of one connection's life. After each the connection has time to come to rest. */
export type Step =
  | { do: 'send'; from: End; bytes: number }
  | { do: 'close'; from: End; how: 'end' | 'reset' }
  | { do: 'add'; type: string; stream: Stream; attributes: Record<string, number>; toxicity: number }
  | { do: 'update'; which: number; attributes: Record<string, number>; toxicity: number }
  | { do: 'remove'; which: number }
  | { do: 'disable' };

/** Waits are either over when the connection rests, or never: no race decides what is seen then. */
const BRIEF_MS = [0, 1, 5];
const NEVER_MS = 600_000;
const pick = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

const ATTRIBUTES: Record<string, fc.Arbitrary<Record<string, number>>> = {
  latency: fc.record({ latency: pick(...BRIEF_MS, NEVER_MS), jitter: pick(0, 2) }),
  bandwidth: fc.record({ rate: pick(0, 1_000_000) }),
  slow_close: fc.record({ delay: pick(...BRIEF_MS, NEVER_MS) }),
  timeout: fc.record({ timeout: pick(0, 1, 5, NEVER_MS) }),
  // A long wait of reset_peer can't be interrupted in the original: documented.
  reset_peer: fc.record({ timeout: pick(...BRIEF_MS) }),
  slicer: fc.record({ average_size: pick(40, 500), size_variation: pick(0, 20), delay: pick(0, 50) }),
  limit_data: fc.record({ bytes: pick(0, 10, 100, 1000) }),
  noop: fc.constant({}),
};

const type = pick(...Object.keys(ATTRIBUTES));
const toxicity = pick(1, 1, 1, 1, 0);
const end = pick<End>('client', 'server');
const stream = pick<Stream>('upstream', 'downstream');

const add = type.chain((kind) =>
  fc.record({
    do: fc.constant('add' as const),
    type: fc.constant(kind),
    stream,
    attributes: ATTRIBUTES[kind] ?? fc.constant({}),
    toxicity,
  }),
);
/** With the attributes of any type: those of others are ignored. */
const update = type.chain((kind) =>
  fc.record({
    do: fc.constant('update' as const),
    which: fc.nat(3),
    attributes: (ATTRIBUTES[kind] ?? fc.constant({})).map(brief),
    toxicity,
  }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('send' as const), from: end, bytes: pick(1, 10, 99, 700) }) },
  { weight: 3, arbitrary: add },
  { weight: 2, arbitrary: update },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), which: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'disable' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('close' as const),
      from: end,
      how: pick<'end' | 'reset'>('end', 'end', 'reset'),
    }),
  },
);

/** Toxics that are there from the start, then what happens to one connection. */
export interface Life {
  toxics: (Step & { do: 'add' })[];
  steps: Step[];
}

export const life: fc.Arbitrary<Life> = fc
  .record({
    toxics: fc.array(add.filter(leavesTimeToConnect), { maxLength: 3 }),
    steps: fc.array(step, { minLength: 1, maxLength: 7 }),
  })
  .filter(noEmptyChunks);

/** A timeout of a few milliseconds might end the connection before the test has it in hand. */
function leavesTimeToConnect({
  type: kind,
  attributes,
}: {
  type: string;
  attributes: Record<string, number>;
}): boolean {
  return kind !== 'timeout' || [0, NEVER_MS].includes(attributes['timeout'] ?? 0);
}

/** At rate 0 the original sends empty chunks, on which these toxics behind it act: documented. */
function noEmptyChunks({ toxics, steps }: Life): boolean {
  const all = [...toxics, ...steps];
  const stalls = all.some((one) => 'attributes' in one && one.attributes['rate'] === 0);
  return !stalls || !all.some((one) => 'type' in one && ['reset_peer', 'limit_data', 'timeout'].includes(one.type));
}

/** Names of attributes are shared: a long wait of one type must not become one of reset_peer or slicer by an update. */
function brief(attributes: Record<string, number>): Record<string, number> {
  const long = (name: string): boolean => ['timeout', 'delay'].includes(name) && attributes[name] === NEVER_MS;
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, long(name) ? 5 : value]));
}
