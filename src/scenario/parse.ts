import { createHash } from 'node:crypto';
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { messageOf, systemCodeOf, type Location } from '../support/errors.js';
import { expandEnvironment } from './environment.js';
import { importSlos } from './import/import-slos.js';
import type { Imported } from './import/imported.js';
import { locator } from './locate.js';
import { knownKeysAt } from './json-schema.js';
import { mend } from './mend.js';
import { Problems, nearest, type Path, type Problem } from './problems.js';
import { checkReferences } from './references.js';
import { ScenarioSchema, sloImport, type ScenarioDocument } from './schema.js';

/** A scenario is a page or two; what is larger is not one. */
const LARGEST_BYTES = 1024 * 1024;

/** A checked scenario: units resolved, defaults filled in, references known to exist. */
export interface Scenario extends ScenarioDocument {
  source: {
    file: string;
    text: string;
    sha256: string;
    /** The entries of `faults` as they are written, for people. */
    faults: readonly Readonly<Record<string, unknown>>[];
    /** What was not taken over from imported files. */
    warnings: readonly { code: string; message: string }[];
    locate(path: Path, part?: 'key' | 'value'): Location;
  };
}

export interface Parsed {
  /** Absent when there are problems. */
  scenario?: Scenario;
  problems: Problem[];
}

/**
 * Text → scenario. Everything that is wrong comes back at once, each with its place; nothing is ever thrown, whatever
 * the text holds.
 *
 * @param file shown in places; not read.
 * @param env for `${NAME}` and `${NAME:-default}` in strings.
 * @param readImport gives the text of a file that the scenario names (`slos: { openslo }`); throws where it can't.
 */
export function parseScenario(
  text: string,
  file: string,
  env: Readonly<Record<string, string | undefined>>,
  readImport: ReadImport = noImports,
): Parsed {
  const whole = (code: string, message: string, hint?: string): Parsed => ({
    problems: [{ code, message, ...(hint ? { hint } : {}), path: [], location: { file, line: 1, column: 1 } }],
  });
  if (Buffer.byteLength(text) > LARGEST_BYTES)
    return whole('too_large', `the file is larger than ${LARGEST_BYTES / 1024} KiB; that is no scenario`);
  if (text.trim() === '')
    return whole(
      'empty',
      'the file is empty',
      'docs/scenarios.md describes the language; docs/first-scenario.yaml is one to start from.',
    );
  if (text.includes('\0')) return whole('not_text', 'the file holds NUL bytes; it is not a text file');
  try {
    return parseText(text.replace(/^\uFEFF/, ''), file, env, readImport);
  } catch (error) {
    // The YAML library throws on a few inputs instead of reporting them.
    return whole('not_yaml', `the file cannot be read as YAML: ${messageOf(error)}`);
  }
}

/** @param path as it is written in the scenario */
export type ReadImport = (path: string) => string;

const noImports: ReadImport = () => {
  throw new Error('files cannot be read here');
};

function parseText(
  text: string,
  file: string,
  env: Readonly<Record<string, string | undefined>>,
  readImport: ReadImport,
): Parsed {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: true,
    prettyErrors: false,
    strict: true,
    logLevel: 'error', // Its warnings would go to stderr, past everybody who reports.
  });
  const places = locator({ file, text, document, lines });
  const problems = new Problems((path, part) => places.at(path, part));
  for (const error of document.errors) {
    problems.all.push({
      code: error.code === 'DUPLICATE_KEY' ? 'duplicate_key' : 'not_yaml',
      message: firstLine(error.message),
      path: [],
      location: places.atOffset(error.pos[0]),
    });
  }
  if (problems.all.length > 0) return { problems: problems.all };

  expandEnvironment(document, env, (offset, problem) => {
    problems.all.push({ code: 'variable_not_set', ...problem, path: [], location: places.atOffset(offset) });
  });
  // Aliases may multiply a small text into a huge document.
  const imported = withImports(normalise(document.toJS({ maxAliasCount: 50 })), readImport, problems);
  if (!imported) return { problems: problems.all };
  const { raw } = imported;
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    problems.add([], {
      code: 'not_a_scenario',
      message: 'a scenario is a mapping of keys such as plimsoll, name, load and slos',
    });
    return { problems: problems.all };
  }
  const checked = ScenarioSchema.safeParse(raw, { reportInput: true });
  if (!checked.success) {
    for (const issue of checked.error.issues) addIssue(problems, issue, raw);
    checkTheRest(raw, checked.error.issues, problems);
    return { problems: unique(problems.all) };
  }
  checkReferences(checked.data, problems);
  if (problems.all.length > 0) return { problems: unique(problems.all) };
  const sha256 = createHash('sha256').update(text).digest('hex');
  return {
    scenario: {
      ...checked.data,
      source: {
        file,
        text,
        sha256,
        faults: (raw as { faults?: Record<string, unknown>[] }).faults ?? [],
        warnings: imported.warnings,
        locate: (path, part) => places.at(path, part),
      },
    },
    problems: [],
  };
}

/** Puts the SLOs of a foreign file, and its budget where the scenario has none, in the place of `slos: { openslo }`. */
function withImports(
  raw: unknown,
  readImport: ReadImport,
  problems: Problems,
): { raw: unknown; warnings: Imported['warnings'] } | undefined {
  const written = (raw as { slos?: unknown } | null)?.slos;
  if (typeof written !== 'object' || written === null || Array.isArray(written) || !('openslo' in written))
    return { raw, warnings: [] };
  const checked = sloImport.safeParse(written, { reportInput: true });
  if (!checked.success) {
    for (const issue of checked.error.issues)
      addIssue(problems, { ...issue, path: ['slos', ...issue.path] } as typeof issue, raw as object);
    return undefined;
  }
  const { openslo, indicators, add = [] } = checked.data;
  let text: string;
  try {
    text = readImport(openslo);
  } catch (error) {
    problems.add(['slos', 'openslo'], {
      code: 'cannot_read',
      message: `${openslo} cannot be read: ${systemCodeOf(error) ?? messageOf(error)}`,
      hint: 'The path counts from the folder of the scenario.',
    });
    return undefined;
  }
  const imported = importSlos(text, openslo, indicators);
  problems.all.push(...imported.problems);
  if (imported.problems.length > 0) return undefined;
  const budget = imported.budget && !Object.hasOwn(raw as object, 'budget') ? { budget: imported.budget } : {};
  return { raw: { ...(raw as object), ...budget, slos: [...imported.slos, ...add] }, warnings: imported.warnings };
}

/** The references of everything that is not broken itself are checked as usual. */
function checkTheRest(raw: object, issues: readonly z.core.$ZodIssue[], problems: Problems): void {
  const mended = mend(raw, issues);
  if (!mended) return;
  checkReferences(mended.document, {
    add: (path, problem) => {
      if (!mended.isEcho(normalised(path, raw), problem.code)) problems.add(path, problem);
    },
  });
}

/** One stream may be written without `streams:`; it then bears the name `load`. */
function normalise(raw: unknown): unknown {
  if (typeof raw !== 'object' || raw === null || !('load' in raw)) return raw;
  const { load } = raw;
  if (typeof load !== 'object' || load === null || 'streams' in load) return raw;
  return { ...raw, load: { streams: { load } } };
}

function addIssue(problems: Problems, issue: z.core.$ZodIssue, raw: object): void {
  const path = written(
    issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key)),
    raw,
  );
  const where = path.length === 0 ? 'the scenario' : path.join('.');
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = knownKeysAt(issue.path.map(String), raw);
      for (const key of issue.keys) {
        problems.add([...path, key], {
          code: 'unknown_key',
          message: `unknown key "${key}" in ${where}`,
          hint: nearest(key, known),
          part: 'key',
        });
      }
      return;
    }
    case 'invalid_type':
      if (issue.input === undefined) {
        const key = String(path.at(-1) ?? '');
        const parent = path.slice(0, -1).join('.') || 'the scenario';
        problems.add(path.slice(0, -1), { code: 'missing', message: `"${key}" is missing in ${parent}`, part: 'key' });
        return;
      }
      problems.add(path, {
        code: 'wrong_type',
        message: `${where}: ${sentence(issue.message)} (found ${shown(issue.input)})`,
      });
      return;
    case 'invalid_union': {
      // A discriminated union names its discriminator; other unions carry a sentence of their own.
      const type = (issue.input as { type?: unknown } | undefined)?.type;
      if ('discriminator' in issue && issue.discriminator === 'type') {
        const at = issue.path.map(String);
        const known = knownKeysAt(at.at(-1) === 'type' ? at : [...at, 'type'], raw);
        problems.add(type === undefined && path.at(-1) === 'type' ? path.slice(0, -1) : path, {
          code: 'unknown_fault',
          message:
            type === undefined
              ? `${where}: a fault needs a \`type\``
              : `${where}: there is no fault of type ${shown(type)}`,
          hint: nearest(typeof type === 'string' ? type : '', known),
        });
        return;
      }
      const inner = deepest(issue);
      problems.add(path, { code: 'invalid', message: `${where}: ${sentence(inner)} (found ${shown(issue.input)})` });
      return;
    }
    default:
      problems.add(path, { code: 'invalid', message: `${where}: ${sentence(issue.message)}` });
  }
}

/** Where the user wrote it: without the `streams.load` that `normalise` put in. */
function written(path: (string | number)[], raw: object): (string | number)[] {
  const streams = (raw as { load?: { streams?: object } }).load?.streams;
  const short =
    path[0] === 'load' && path[1] === 'streams' && path[2] === 'load' && streams && Object.keys(streams).length === 1;
  return short ? ['load', ...path.slice(3)] : path;
}

/** The way back: where `normalise` put it. */
function normalised(path: Path, raw: object): Path {
  const isShort = path[0] === 'load' && path[1] !== 'streams' && written(['load', 'streams', 'load'], raw).length === 1;
  return isShort ? ['load', 'streams', 'load', ...path.slice(1)] : path;
}

/** The sentence of the variant that came furthest, where the union itself has none. */
function deepest(issue: Extract<z.core.$ZodIssue, { code: 'invalid_union' }>): string {
  if (issue.message && issue.message !== 'Invalid input') return issue.message;
  const custom = issue.errors.flat().find((error) => error.code === 'custom');
  return (custom ?? issue.errors.flat()[0])?.message ?? 'is not valid';
}

function sentence(message: string): string {
  return message.replace(/^Invalid input: /, '').replace(/^Invalid option: /, '');
}

function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'a mapping';
  return JSON.stringify(value)?.slice(0, 60) ?? String(value);
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? text;
}

function unique(problems: Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ message, location }) => {
    const key = `${location.line}:${location.column} ${message}`;
    return !seen.has(key) && seen.add(key);
  });
}
