import { LineCounter, parseAllDocuments, type Document } from 'yaml';
import { messageOf } from '../../support/errors.js';
import { locator } from '../locate.js';
import type { Path } from '../problems.js';
import { words, type Imported, type ImportContext, type Mapping } from './imported.js';
import { isOpenSlo, readOpenSlo, type OpenSloDocument } from './openslo.js';
import { readPyrra, readSloth } from './others.js';

/**
 * Reads a file of OpenSLO v1, Sloth or Pyrra, several documents in one file too. What is wrong is located in that file;
 * what is not taken over is listed. Nothing is thrown, whatever the text holds.
 */
export function importSlos(text: string, file: string, mappings: Readonly<Record<string, Mapping>>): Imported {
  const imported: Imported = { slos: [], problems: [], warnings: [] };
  const lines = new LineCounter();
  let documents: Document[];
  try {
    const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
    documents = Array.isArray(parsed) ? parsed : [];
  } catch (error) {
    const location = { file, line: 1, column: 1 };
    imported.problems.push({
      code: 'not_yaml',
      message: `it cannot be read as YAML: ${messageOf(error)}`,
      path: [],
      location,
    });
    return imported;
  }
  const openSlo: OpenSloDocument[] = [];
  let known = 0;
  for (const document of documents) {
    const places = locator({ file, text, document, lines });
    for (const error of document.errors) {
      const message = error.message.split('\n')[0] ?? error.message;
      imported.problems.push({ code: 'not_yaml', message, path: [], location: places.atOffset(error.pos[0]) });
    }
    if (document.errors.length > 0) continue;
    const json: unknown = document.toJS({ maxAliasCount: 50 });
    if (typeof json !== 'object' || json === null || Array.isArray(json)) continue;
    known++;
    const context = contextOf(imported, mappings, (path) => places.at(path));
    const data = json as Record<string, unknown>;
    if (isOpenSlo(data)) openSlo.push({ document: data, context });
    else if (data['version'] === 'prometheus/v1') readSloth(data, context);
    else if (data['kind'] === 'ServiceLevelObjective') readPyrra(data, context);
    else
      context.problem(
        [],
        'unknown_format',
        'this is neither OpenSLO v1 nor a file of Sloth (prometheus/v1) or Pyrra',
        'OpenSLO begins with apiVersion: openslo/v1.',
      );
  }
  readOpenSlo(openSlo);
  if (known === 0 && imported.problems.length === 0)
    imported.problems.push({
      code: 'empty',
      message: 'the file holds no document',
      path: [],
      location: { file, line: 1, column: 1 },
    });
  else if (imported.slos.length === 0 && imported.problems.length === 0)
    imported.problems.push({
      code: 'no_slos',
      message: 'the file holds no SLO',
      path: [],
      location: { file, line: 1, column: 1 },
    });
  return imported;
}

function contextOf(
  imported: Imported,
  mappings: Readonly<Record<string, Mapping>>,
  at: (path: Path) => ReturnType<ReturnType<typeof locator>['at']>,
): ImportContext {
  const ignored = (path: Path, message: string): void => {
    const { file, line } = at(path);
    imported.warnings.push({ code: 'import_ignored', message: `${file}:${line}: ${message}` });
  };
  return {
    mappings,
    ignored,
    problem(path, code, message, hint) {
      imported.problems.push({ code, message, ...(hint ? { hint } : {}), path, location: at(path) });
    },
    slo: (entry) => void imported.slos.push(entry),
    budget(path, budget) {
      if (imported.budget) ignored(path, `a run has one error budget, that of ${words(imported.budget['name'])}`);
      else imported.budget = budget;
    },
  };
}
