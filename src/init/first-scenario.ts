import { Document, YAMLMap, isMap } from 'yaml';
import { protocolOf } from './backing.js';
import type { Dependency, ProjectFacts } from './detect.js';

export interface FirstScenarioOptions {
  /** Where the service answers, without a path; a guess from the facts where nobody said it. */
  url: string;
  /** The scenario's name. */
  name: string;
}

const LOCAL = ['localhost', '127.0.0.1', '[::1]', '0.0.0.0'];
/** Ports of a kind stay recognisable: 5432 is dialled as 15432. */
const LINK_OFFSET = 10_000;

/**
 * A first scenario for a project: late answers of the first thing that it depends on, or, where none was found, of the
 * service itself, with a link for each dependency on this machine. What was guessed is marked with CHANGE.
 */
export function firstScenario(facts: ProjectFacts, { url, name }: FirstScenarioOptions): string {
  const links = facts.dependencies.filter(({ host }) => LOCAL.includes(host) || !host.includes('.')).slice(0, 8);
  const [hit] = links;
  const service = facts.name;
  const base = url.replace(/\/+$/, '');
  const own = new URL(base);
  const ownPort = Number(own.port || (own.protocol === 'https:' ? 443 : 80));
  // With no dependency the link lies in front of the service: the load goes through it, and nothing else has to change.
  const front = hit === undefined ? linkPort(ownPort, []) : undefined;
  const ports = links.map(({ port }, at) =>
    linkPort(
      port,
      links.slice(0, at).map((one) => linkPort(one.port, [])),
    ),
  );
  const variables = links.flatMap((one, at) => variableOf(one, ports[at] ?? 0));
  const doc = new Document({
    plimsoll: 1,
    name,
    description: `${service} stays usable while ${hit === undefined ? 'its answers come' : `${hit.name} answers`} 100 ms late.`,
    system: {
      ...(facts.start === undefined ? { toxiproxy: 'http://127.0.0.1:8474' } : { start: facts.start }),
      ...(facts.start === undefined || variables.length === 0 ? {} : { env: Object.fromEntries(variables) }),
      ready: `${base}/`,
      services: {
        [service]: { url: base },
        ...Object.fromEntries(links.map((one) => [one.name, {}])),
      },
      links:
        front === undefined
          ? Object.fromEntries(links.map((one, at) => [`${service}-${one.name}`, linkOf(service, one, ports[at] ?? 0)]))
          : {
              [`client-${service}`]: {
                from: 'client',
                to: service,
                listen: `127.0.0.1:${front}`,
                upstream: `127.0.0.1:${ownPort}`,
                protocol: 'http',
                canary: { path: '/' },
              },
            },
    },
    load: {
      rate: '50/s',
      arrivals: 'poisson',
      deadline: '2s',
      requests: [{ name: 'home', url: front === undefined ? `${base}/` : `http://127.0.0.1:${front}/` }],
    },
    phases: { warmup: '3s', baseline: '20s', fault: '20s', recovery: '10s' },
    faults: [
      {
        type: 'latency',
        link: hit === undefined ? `client-${service}` : `${service}-${hit.name}`,
        latency: '100ms',
        ...(hit !== undefined && protocolOf(hit.kind) === 'tcp' ? { proof: 'optional' } : {}),
      },
    ],
    slos: [
      { name: 'availability', indicator: 'availability', objective: '>= 99%', tolerance: '1pp' },
      { name: 'p95', indicator: 'latency p95', objective: '<= 500ms', tolerance: '300ms', recoverWithin: '5s' },
    ],
  });
  comment(doc, ['description'], ' CHANGE: one hypothesis');
  comment(doc, ['system', 'ready'], ' CHANGE: answers 2xx when the service is ready');
  comment(doc, ['load', 'requests', 0, 'url'], ' CHANGE: what people ask for');
  flow(doc, [['phases'], ['load', 'requests', 0], ['slos', 0], ['slos', 1], ['faults', 0]]);
  for (const link of Object.keys((doc.toJS() as { system: { links: object } }).system.links)) {
    flow(doc, [['system', 'links', link]]);
  }
  return `${header(facts, variables, hit)}${doc.toString({ lineWidth: 160 })}`;
}

function header(facts: ProjectFacts, variables: readonly [string, string][], hit: Dependency | undefined): string {
  const lines = [
    'A first scenario, written by `plimsoll init`. Change what is marked with CHANGE.',
    '',
    ...(facts.findings.length === 0 ? [] : ['Found:', ...facts.findings.map((finding) => `  ${finding}`), '']),
    ...(facts.start === undefined
      ? ['The system must be running, and so must a proxy: npx plimsoll proxy -port 8474']
      : ['Plimsoll starts the service itself, with the proxy built in.']),
    ...(facts.start === undefined && hit !== undefined
      ? [
          'The service must dial the `listen` address of each link instead of the real one:',
          ...variables.map(([name, value]) => `  ${name}=${withoutSecret(value)}`),
        ]
      : []),
    '',
    'Then: npx plimsoll plan THIS-FILE (injects nothing), npx plimsoll run THIS-FILE',
  ];
  return lines.map((line) => `# ${line.replace(/[\p{Cc}\u2028\u2029]/gu, ' ')}`.trimEnd()).join('\n') + '\n';
}

function linkOf(service: string, { name, kind, host, port }: Dependency, listen: number): object {
  const protocol = protocolOf(kind);
  const upstream = LOCAL.includes(host) || !host.includes('.') ? '127.0.0.1' : host;
  return {
    from: service,
    to: name,
    listen: `127.0.0.1:${listen}`,
    upstream: `${upstream}:${port}`,
    ...(protocol === 'tcp' ? {} : { protocol }),
  };
}

function linkPort(port: number, taken: readonly number[]): number {
  let candidate = port + LINK_OFFSET <= 65_535 ? port + LINK_OFFSET : port - LINK_OFFSET;
  while (taken.includes(candidate)) candidate++;
  return candidate;
}

/** The variable with the link's address in place of the real one; a password in it is asked of the environment. */
function variableOf({ variable }: Dependency, listen: number): [string, string][] {
  if (variable === undefined || !URL.canParse(variable.value)) return [];
  const host = new URL(variable.value).host;
  const value = variable.value.replace(host, `127.0.0.1:${listen}`);
  return [[variable.name, withoutSecret(value)]];
}

/** `redis://user:secret@…` → `redis://user:${PLIMSOLL_PASSWORD:-}@…`: a scenario goes into version control. */
function withoutSecret(url: string): string {
  return url.replace(/(:\/\/[^:/@]*:)[^@/]*@/, '$1${PLIMSOLL_PASSWORD:-}@');
}

function comment(doc: Document, path: (string | number)[], text: string): void {
  const node: unknown = doc.getIn(path, true);
  if (typeof node === 'object' && node !== null) Object.assign(node, { comment: text });
}

function flow(doc: Document, paths: (string | number)[][]): void {
  for (const path of paths) {
    const node: unknown = doc.getIn(path, true);
    if (isMap(node)) (node as YAMLMap).flow = !hasComment(node);
  }
}

/** A comment inside a map in one line would end the line, and the map with it. */
function hasComment(map: { items: { value?: unknown }[] }): boolean {
  return map.items.some(
    ({ value }) => typeof value === 'object' && value !== null && 'comment' in value && Boolean(value.comment),
  );
}
