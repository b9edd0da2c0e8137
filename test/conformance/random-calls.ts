import fc from 'fast-check';

/**
 * Sequences of API calls drawn by chance. In paths and bodies `$P1` … `$P3` stand for ports of the server's own, `$BUSY`
 * for a port that is taken. Left out is only what the servers are documented to treat differently (docs/proxy.md).
 */
export interface RandomCall {
  method: string;
  path: string;
  body: string | undefined;
  agent?: string;
}

const NAMES = ['a', 'b', 'A', 'with blank', 'ü', '%41', '__proto__', 'constructor', '5', '<&>', "q'\\q", 'a/b', '..'];
const TOXIC_NAMES = ['t', 'T', 'latency_downstream', 'noop_upstream', '__proto__', 'ü/x', '7'];
const UPSTREAMS = ['127.0.0.1:1', '127.0.0.1:2', 'nonsense', 'http://x', '[::1]:5', ':99999', ' x:1'];
const LISTENS = [
  '',
  ...words('127.0.0.1:0 127.0.0.1:0 localhost:0 127.0.0.1:$P1 localhost:$P1 127.0.0.1:$P2 127.0.0.1:$P3 127.0.0.1:'),
  ...words(':0 [::]:0 0.0.0.0:0 0.0.0.0:$P1 [::]:$P2 :$P3 [127.0.0.1]:$P1 [::1]:0 127.0.0.1:00$P1 127.0.0.1:+0 []:0'),
  ...words('127.0.0.1:$BUSY localhost:$BUSY 1.2.3.4:$P1 127.0.0.1 nonsense 127.0.0.1:65536 127.0.0.1:-1 :abc : ::'),
  ...words(
    '::1:99 [::1:0 [::1] [::1]x:1 a]:1 a[:1 [[::1]]:0 127.0.0.1:0x10 127.0.0.1:1_0 127.0.0.1:99999999999999999999',
  ),
];

const ODD_VALUES = ['5', '1.5', 'true', 'false', '[]', '{}', '"x"', '""', 'null', '-1', '[1]', '{"a":1}'];
const BROKEN = ['', ' ', '{', '[', 'tru', 'nul', '-', '1e', '"', '{"name"', '{"name":', '{"name":"a', '{"name":"a",'];
const WRONG = [
  'banana',
  '}',
  '{a:1}',
  "{'name':'a'}",
  '{"name":"a",}',
  '[1,]',
  '{"a" 1}',
  '{"a":01}',
  '+1',
  '.5',
  '\uFEFF{}',
];
const WHOLE = ['null', 'true', '5', '"x"', '[]', '{}', '[null]', '[[]]', '["x"]', '[5]', '{"a":{}}', ' {} ', '\n[]\n'];

function words(list: string): string[] {
  return list.split(' ');
}

const text = (value: string): string => JSON.stringify(value);
const pick = <T>(values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
/** Mostly sound, now and then of an odd type. */
const field = (sound: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof({ weight: 12, arbitrary: sound }, { weight: 1, arbitrary: pick(ODD_VALUES) });

/** A key as it is, or in another letter case. */
const key = (name: string): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 10, arbitrary: fc.constant(name) },
    { weight: 1, arbitrary: pick([name.toUpperCase(), name.charAt(0).toUpperCase() + name.slice(1)]) },
  );

/** A JSON object of some of the fields, in any order, now and then with an unknown one. */
function object(fields: Record<string, fc.Arbitrary<string>>, required: string[]): fc.Arbitrary<string> {
  const entries = Object.entries(fields).map(([name, value]) =>
    fc
      .tuple(key(name), value)
      .map(([k, v]) => `${text(k)}:${v}`)
      .chain((entry) => pick(required.includes(name) ? [...Array<string>(14).fill(entry), ''] : [entry, ''])),
  );
  return fc
    .tuple(fc.tuple(...entries), pick(['', '', '', '', '"unknown":{"name":[1]}']))
    .chain(([some, extra]) =>
      fc
        .shuffledSubarray([...some, extra].filter(Boolean), { minLength: 0 })
        .map((found) => [found, [...some, extra].filter(Boolean)] as const),
    )
    .map(([shuffled, all]) => `{${(shuffled.length === all.length ? shuffled : all).join(',')}}`);
}

const anyBody = (sound: fc.Arbitrary<string>): fc.Arbitrary<string | undefined> =>
  fc.oneof(
    { weight: 14, arbitrary: sound },
    { weight: 1, arbitrary: pick([...BROKEN, ...WRONG, ...WHOLE, undefined]) },
  );

const name = pick(NAMES).map(text);
const listen = pick(LISTENS).map(text);
const upstream = pick(UPSTREAMS).map(text);
const enabled = pick(['true', 'false', 'null']);
const proxyBody = object(
  { name: field(name), listen: field(listen), upstream: field(upstream), enabled: field(enabled) },
  ['name', 'upstream', 'listen'],
);
const proxyUpdate = object(
  {
    name: field(name),
    listen: field(listen),
    upstream: field(pick([...UPSTREAMS, '']).map(text)),
    enabled: field(enabled),
    toxics: pick(['[]', 'null', '[{"type":"noop"}]']),
  },
  [],
);

const whole = pick(['0', '1', '5', '-5', '100', '9007199254740991', '-0', 'null']);
const positive = pick(['0', '1', '5', '1000', 'null']);
/** By type, with the values that both servers take. */
const ATTRIBUTES: Record<string, Record<string, fc.Arbitrary<string>>> = {
  latency: { latency: whole, jitter: pick(['0', '5', '-5', 'null', '1000000']) },
  bandwidth: { rate: positive },
  slow_close: { delay: whole },
  timeout: { timeout: whole },
  limit_data: { bytes: whole },
  reset_peer: { timeout: whole },
  noop: {},
  slicer: { average_size: pick(['100', '2000']), size_variation: pick(['0', '7', '100']), delay: whole },
};
const BAD_ATTRIBUTE = ['"x"', '"1"', 'true', '[]', '{}', '1.5', '9223372036854775808', '-9223372036854775809'];
const TOXICITIES = [
  '0',
  '1',
  '0.5',
  '0.2',
  '0.123456789',
  '1e10',
  '1e21',
  '1e-7',
  '2.5',
  '-1',
  '1e-46',
  '16777217',
  'null',
];
const BAD_TOXICITY = ['"1"', 'true', '[]', '{}', '1e39', '-1e39'];

const type = pick(Object.keys(ATTRIBUTES));
const attributesOf = (kind: string): fc.Arbitrary<string> =>
  object(ATTRIBUTES[kind] ?? {}, kind === 'slicer' ? ['average_size'] : []).map((given) =>
    // Without a size of the pieces the original dies of the first data: refused here.
    kind === 'slicer' && !/average_size/i.test(given) ? '{"average_size":100}' : given,
  );

const toxicBody = type.chain((kind) =>
  object(
    {
      name: field(pick(TOXIC_NAMES).map(text)),
      type: fc.oneof(
        { weight: 14, arbitrary: fc.constant(text(kind)) },
        { weight: 1, arbitrary: pick(['"down"', '"Latency"', '""', 'null', '5', '"constructor"', '{}']) },
      ),
      stream: field(pick(['upstream', 'downstream', 'UpStream', 'DOWNSTREAM', 'sideways', '']).map(text)),
      toxicity: pick([...TOXICITIES, ...TOXICITIES, ...BAD_TOXICITY]),
      attributes: fc.oneof(
        { weight: 12, arbitrary: attributesOf(kind) },
        { weight: 1, arbitrary: pick(['[]', '5', '"x"', 'true', ...(kind === 'slicer' ? [] : ['null'])]) },
        ...(kind === 'noop' || kind === 'slicer'
          ? []
          : [
              {
                weight: 1,
                arbitrary: pick(BAD_ATTRIBUTE).map(
                  (bad) => `{${text(Object.keys(ATTRIBUTES[kind] ?? {})[0] ?? '')}:${bad}}`,
                ),
              },
            ]),
      ),
    },
    ['type', 'attributes', ...(kind === 'slicer' ? ['attributes', 'type'] : [])],
  ).filter((body) => kind !== 'slicer' || /"attributes":(?!null)/i.test(body) || !/"slicer"/.test(body)),
);

/** An update that fails does nothing else at the same time: the original would keep half of it. */
const toxicUpdate = fc.oneof(
  {
    weight: 8,
    arbitrary: type.chain((kind) =>
      object(
        {
          name: pick(TOXIC_NAMES).map(text),
          type: pick(['"noop"', '"nothing"']),
          stream: pick(['"upstream"', '"sideways"']),
          toxicity: pick(TOXICITIES),
          attributes: attributesOf(kind),
        },
        ['attributes'],
      ),
    ),
  },
  { weight: 1, arbitrary: pick(BAD_TOXICITY).map((bad) => `{"toxicity":${bad}}`) },
  { weight: 1, arbitrary: pick(BAD_ATTRIBUTE).map((bad) => `{"attributes":{"latency":${bad}}}`) },
  {
    weight: 1,
    arbitrary: pick(['{"attributes":[]}', '{"attributes":null}', '{"attributes":5}', '{"attributes":"x"}']),
  },
);

const segment = (names: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 12, arbitrary: pick(names).map(encodeURIComponent) },
    {
      weight: 1,
      arbitrary: pick(['unknown', '%2541', '.', '%2e%2e', '%5', 'a%2fb', '', 'A%20b', '%C3%BC', 'a;b', 'a+b', '%00']),
    },
  );
// Most calls meet the first names, so that sequences have a story.
const proxySegment = segment([...NAMES, 'a', 'a', 'a', 'a', 'b', 'b']);
const toxicSegment = segment([...TOXIC_NAMES, 'latency_downstream', 't', 't']);

const call = (
  method: string,
  path: fc.Arbitrary<string>,
  body: fc.Arbitrary<string | undefined> = fc.constant(undefined),
): fc.Arbitrary<RandomCall> => fc.record({ method: fc.constant(method), path, body });

const proxyPath = proxySegment.map((proxy) => `/proxies/${proxy}`);
const toxicsPath = proxyPath.map((path) => `${path}/toxics`);
const toxicPath = fc.tuple(toxicsPath, toxicSegment).map(([path, toxic]) => `${path}/${toxic}`);
const update = pick(['POST', 'POST', 'PATCH']);

const oddCall: fc.Arbitrary<RandomCall> = fc.record({
  method: pick(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']),
  path: fc.oneof(
    proxyPath,
    toxicsPath,
    toxicPath,
    pick(['/', '/proxies', '/proxies/', '/Proxies', '/populate', '/reset', '/version', '/reset/', '//proxies', '/no']),
    pick(['/proxies//a', '/proxies/../version', '/./reset', '/proxies/a/../b?x=/../y', '/proxies?x=1', '/version?a#b']),
    pick(['/proxies/a/toxics/', '/proxies/a/toxics/t/x', '/proxies/a//toxics', '/..', '/../proxies', '/proxies/a/.']),
  ),
  body: pick([undefined, '{}', '{', '']),
  agent: pick(['node', 'Mozilla/5.0 (X11)', 'mozilla/5.0', '']),
});
/** HEAD of a path that can't be decoded is answered with a body by the original, which no client can read. */
const readable = ({ method, path }: RandomCall): boolean => method !== 'HEAD' || !/%(?![\da-f]{2})/i.test(path);

const anyCall: fc.Arbitrary<RandomCall> = fc.oneof(
  { weight: 6, arbitrary: call('POST', fc.constant('/proxies'), anyBody(proxyBody)) },
  {
    weight: 3,
    arbitrary: call(
      'POST',
      fc.constant('/populate'),
      anyBody(fc.array(proxyBody, { maxLength: 4 }).map((items) => `[${items.join(',')}]`)),
    ),
  },
  { weight: 5, arbitrary: update.chain((method) => call(method, proxyPath, anyBody(proxyUpdate))) },
  { weight: 2, arbitrary: call('DELETE', proxyPath) },
  { weight: 7, arbitrary: call('POST', toxicsPath, anyBody(toxicBody)) },
  { weight: 4, arbitrary: update.chain((method) => call(method, toxicPath, anyBody(toxicUpdate))) },
  { weight: 2, arbitrary: call('DELETE', toxicPath) },
  { weight: 1, arbitrary: call('GET', fc.oneof(proxyPath, toxicsPath, toxicPath)) },
  { weight: 2, arbitrary: call('POST', fc.constant('/reset'), pick([undefined, '{', '[]'])) },
  { weight: 2, arbitrary: oddCall.filter(readable) },
);

/** Begins with a few proxies and toxics that work, so that what follows meets something. */
export const randomCalls: fc.Arbitrary<RandomCall[]> = fc
  .array(anyCall, { minLength: 1, maxLength: 14 })
  .map((calls) => [
    { method: 'POST', path: '/proxies', body: '{"name":"a","listen":"127.0.0.1:$P1","upstream":"127.0.0.1:1"}' },
    { method: 'POST', path: '/proxies/a/toxics', body: '{"type":"latency","name":"t"}' },
    ...calls,
  ]);
