import type { z } from 'zod';
import type { Path } from './problems.js';
import { ScenarioSchema, type ScenarioDocument } from './schema.js';

/** A scenario in which harmless stand-ins replace what is broken, so that the rest can still be looked at. */
export interface Mended {
  document: ScenarioDocument;
  /** Would a problem found here only be an echo of what is broken, or of a stand-in? */
  isEcho(path: Path, code: string): boolean;
}

/** A stand-in may uncover what the broken part hid; this often is enough for what people write. */
const ROUNDS = 4;

/**
 * What is broken in one place must not hide what is wrong in another. The smallest part that holds a broken value (a
 * service, a link, a request, an SLO …) gives way to one that nothing else can complain of.
 *
 * @param raw the document as it was read; not changed
 * @returns nothing where too much is broken to say anything about the rest
 */
export function mend(raw: object, issues: readonly z.core.$ZodIssue[]): Mended | undefined {
  const document = structuredClone(raw) as Record<string, unknown>;
  const echoes = new Echoes();
  let left = issues;
  for (let round = 0; round < ROUNDS; round++) {
    for (const issue of left) mendOne(document, issue, echoes);
    const checked = ScenarioSchema.safeParse(document);
    if (checked.success)
      return { document: checked.data, isEcho: (path, code) => echoes.include(path.map(String), code) };
    left = checked.error.issues;
  }
  return undefined;
}

class Echoes {
  readonly #within: string[] = [];
  readonly #at: string[] = [];
  /** A whole table is gone or bears a wrong name: nobody can say which names exist. */
  namesAreLost = false;

  /** @param deep also everything inside it */
  add(path: readonly string[], deep: boolean): void {
    (deep ? this.#within : this.#at).push(key(path));
  }

  include(path: readonly string[], code: string): boolean {
    if (this.namesAreLost && code.startsWith('unknown_')) return true;
    const here = key(path);
    return this.#at.includes(here) || this.#within.some((prefix) => here.startsWith(prefix));
  }
}

function mendOne(document: Record<string, unknown>, issue: z.core.$ZodIssue, echoes: Echoes): void {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const parent = valueAt(document, path);
    if (isRecord(parent)) for (const unknown of issue.keys) delete parent[unknown];
    if (path.length === 0 || (path.length === 1 && path[0] !== 'phases')) echoes.namesAreLost = true;
    // What the key was meant to say is missing now; only the part that it belongs to could complain of that.
    if (path[0] === 'system' && path[1] === 'services') replace(document, path.slice(0, 3), SERVICE, echoes);
    else echoes.add(path, path[0] === 'load' && path.length === 3);
    return;
  }
  const [top = '', list, name, inner, position] = path;
  switch (top) {
    case 'system':
      if (name !== undefined && list === 'services') replace(document, path.slice(0, 3), SERVICE, echoes);
      else if (name !== undefined && list === 'links') replace(document, path.slice(0, 3), link(name), echoes);
      else {
        replace(document, path.slice(0, 2), undefined, echoes);
        // Whether the system is started decides what its links may run through.
        echoes.add(['system', 'links'], false);
        echoes.namesAreLost ||= list === undefined || list === 'services' || list === 'links';
      }
      return;
    case 'load':
      if (name === undefined) {
        replace(document, [top], { streams: { load: STREAM } }, echoes);
        echoes.namesAreLost = true;
      } else if (inner === 'requests' && position !== undefined) {
        replace(document, path.slice(0, 5), request(valueAt(document, path.slice(0, 5)), position), echoes);
      } else if (inner === 'rate' || inner === 'users') {
        replace(document, path.slice(0, 4), inner === 'rate' ? '1/s' : 1, echoes);
        echoes.add(path.slice(0, 3), false);
      } else {
        echoes.namesAreLost ||= inner === undefined || inner === 'requests';
        replace(document, path.slice(0, 3), STREAM, echoes);
      }
      return;
    case 'phases':
      if (list === undefined) replace(document, [top], { baseline: '1h', fault: '1h', recovery: '1h' }, echoes);
      else replace(document, path.slice(0, 2), '1h', echoes);
      return;
    case 'faults':
    case 'slos':
    case 'invariants':
      if (list !== undefined) replace(document, path.slice(0, 2), ENTRIES[top](list), echoes);
      else replace(document, [top], [ENTRIES[top]('0')], echoes);
      return;
    case 'plimsoll':
      return replace(document, [top], 1, echoes);
    case 'name':
      return replace(document, [top], 'stand-in', echoes);
    default:
      if (top !== '') replace(document, [top], undefined, echoes);
  }
}

const SERVICE = { url: 'http://127.0.0.1:1', process: { run: 'true', replicas: 100, restart: 'always' } };
const STREAM = { rate: '1/s', requests: [request(undefined, '0')] };

/** Names of entries: a blank in front, so that none is a double of what people write. */
const ENTRIES = {
  faults: () => ({ type: 'latency', link: 'stand-in', latency: '1ms' }),
  slos: (position: string) => ({ name: ` ${position}`, indicator: 'availability', objective: '>= 0%' }),
  invariants: (position: string) => ({ name: ` ${position}`, command: 'true' }),
} satisfies Record<string, (position: string) => object>;

/** Its listen address is its own: it must not collide with that of another link. */
function link(name: string): object {
  const port = 1 + (Array.from(name).reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 65_535, 7) % 65_535);
  return { from: 'client', to: 'stand-in', listen: `127.255.255.254:${port}`, upstream: '127.255.255.253:1' };
}

/** SLOs may go on to refer to it by its name. */
function request(broken: unknown, position: string): object {
  const name = isRecord(broken) && typeof broken['name'] === 'string' && broken['name'] !== '' ? broken['name'] : null;
  return { name: name ?? ` ${position}`, url: 'http://127.0.0.1:1/' };
}

function replace(document: unknown, path: readonly string[], standIn: unknown, echoes: Echoes): void {
  const parent = valueAt(document, path.slice(0, -1));
  const last = path.at(-1) ?? '';
  if (Array.isArray(parent)) parent[Number(last)] = standIn;
  else if (isRecord(parent) && standIn === undefined) delete parent[last];
  else if (isRecord(parent)) parent[last] = structuredClone(standIn);
  echoes.add(path, true);
}

function valueAt(document: unknown, path: readonly string[]): unknown {
  let value = document;
  for (const step of path) {
    if (Array.isArray(value)) value = value[Number(step)];
    else if (isRecord(value) && Object.hasOwn(value, step)) value = value[step];
    else return undefined;
  }
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Each step ends with a mark that no step can hold, so that a prefix is one of whole steps. */
function key(path: readonly string[]): string {
  return path.map((step) => `${step}\0`).join('');
}
