import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { portsListenedBelow } from '../targets/sockets.js';
import { kindOfImage, kindOfPort, kindOfUrl, type Backing } from './backing.js';

/** What the service dials, as far as a project's files say. */
export interface Dependency {
  /** Fit for a scenario: lower case, digits, dashes. */
  name: string;
  kind: Backing['kind'];
  host: string;
  port: number;
  /** The variable that names it to the service, with its value. */
  variable?: { name: string; value: string };
}

/** What was found out about a project, and from where. */
export interface ProjectFacts {
  name: string;
  /** A command that starts the service; absent: it must run already. */
  start?: string;
  /** Where the service listens; absent: nothing says so. */
  port?: number;
  dependencies: Dependency[];
  /** For people: `docker-compose.yml: service web publishes port 3000`. */
  findings: string[];
}

/** Looks at a project's Compose file, package.json, .env and at what listens from its folder. Starts and changes nothing. */
export function detectProject(folder: string): ProjectFacts {
  const root = resolve(folder);
  const facts: ProjectFacts = { name: slug(basename(root)) || 'service', dependencies: [], findings: [] };
  readPackage(root, facts);
  readEnvironment(root, facts);
  readCompose(root, facts);
  const listening = portsListenedBelow(root);
  if (listening.length > 0) facts.findings.push(`listening from this folder now: ${listening.join(', ')}`);
  const [first] = listening;
  if (facts.port === undefined && first !== undefined) facts.port = first;
  facts.dependencies = facts.dependencies.filter(
    (one, at) => facts.dependencies.findIndex((other) => other.port === one.port || other.name === one.name) === at,
  );
  return facts;
}

/** A name as scenarios take it. */
export function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 40);
}

function readPackage(root: string, facts: ProjectFacts): void {
  const json = readData(join(root, 'package.json'), JSON.parse);
  if (json === undefined) return;
  const name = typeof json['name'] === 'string' ? slug(json['name'].replace(/^@[^/]+\//, '')) : '';
  if (name !== '') facts.name = name;
  const scripts = record(json['scripts']);
  const script = ['start', 'serve', 'dev'].find((key) => typeof scripts[key] === 'string');
  if (script === undefined) return;
  const text = String(scripts[script]);
  facts.start = script === 'start' ? 'npm start' : `npm run ${script}`;
  facts.findings.push(`package.json: script "${script}" starts it`);
  const port = /(?:\bPORT=|--port[= ]|-p )(\d{2,5})\b/.exec(text)?.[1];
  if (port !== undefined) facts.port = Number(port);
}

function readEnvironment(root: string, facts: ProjectFacts): void {
  for (const file of ['.env', '.env.example']) {
    const path = join(root, file);
    if (!existsSync(path)) continue;
    for (const line of readFileSync(path, 'utf8').split(/\r?\n/)) {
      const [, name, raw] = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      if (name === undefined || raw === undefined) continue;
      readVariable(name, raw.replace(/^(["'])(.*)\1$/, '$2'), facts, file);
    }
  }
}

function readVariable(name: string, value: string, facts: ProjectFacts, file: string): void {
  if (name === 'PORT' && /^\d{2,5}$/.test(value)) {
    facts.port ??= Number(value);
    facts.findings.push(`${file}: PORT is ${value}`);
    return;
  }
  const backing = kindOfUrl(value);
  if (backing === undefined || facts.dependencies.some((one) => one.variable?.name === name)) return;
  const { kind, host, port } = backing;
  facts.dependencies.push({ name: kind, kind, host, port, variable: { name, value } });
  // Never the value: it may hold a password.
  facts.findings.push(`${file}: ${name} leads to ${kind} on port ${port}`);
}

const COMPOSE_FILES = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];

function readCompose(root: string, facts: ProjectFacts): void {
  const file = COMPOSE_FILES.find((name) => existsSync(join(root, name)));
  const compose = file === undefined ? undefined : readData(join(root, file), (text) => parse(text) as unknown);
  if (file === undefined || compose === undefined) return;
  for (const [name, raw] of Object.entries(record(compose['services']))) {
    const service = record(raw);
    const image = typeof service['image'] === 'string' ? service['image'] : '';
    const published = publishedPorts(service['ports']);
    const kind = kindOfImage(image);
    const [port] = published;
    if (kind !== undefined) {
      if (port === undefined) {
        facts.findings.push(`${file}: ${name} (${kind}) publishes no port, so no link to it can be made from outside`);
        continue;
      }
      facts.findings.push(`${file}: ${name} (${kind}) publishes port ${port}`);
      const known = facts.dependencies.find((one) => one.port === port);
      if (known === undefined) {
        facts.dependencies.push({ name: slug(name) || kind, kind, host: '127.0.0.1', port });
      }
    } else if (port !== undefined && kindOfPort(port) === undefined) {
      facts.findings.push(`${file}: service ${name} publishes port ${port}`);
      // What Compose runs is there already; it must not be started a second time.
      if (facts.port === undefined || facts.port === port) {
        facts.port = port;
        delete facts.start;
      }
    }
  }
}

/** Ports on this machine, of the short form (`3000:80`, `127.0.0.1:3000:80`) and the long one. */
function publishedPorts(ports: unknown): number[] {
  if (!Array.isArray(ports)) return [];
  return ports.flatMap((entry: unknown) => {
    const said = typeof entry === 'object' ? record(entry)['published'] : entry;
    const text = typeof said === 'string' || typeof said === 'number' ? String(said) : '';
    const [, published] = /(?:^|:)(\d{2,5})(?::\d+)?(?:\/tcp)?$/.exec(text) ?? [];
    return published === undefined ? [] : [Number(published)];
  });
}

function readData(file: string, read: (text: string) => unknown): Record<string, unknown> | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return record(read(readFileSync(file, 'utf8')));
  } catch {
    return undefined; // A file that its own tools can't read says nothing to us either.
  }
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
