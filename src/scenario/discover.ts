import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PlimsollError, systemCodeOf } from '../support/errors.js';

const ENDINGS = ['.yaml', '.yml', '.json'];

/**
 * Files and folders → scenario files, in the order given, those of a folder by name, each once. Folders are not searched
 * below their first level, and their files count by their ending.
 *
 * @throws PlimsollError `no_such_file`, `no_scenarios`
 */
export function discoverScenarios(paths: readonly string[], cwd: string): string[] {
  const found = paths.flatMap((path) => {
    try {
      const full = resolve(cwd, path);
      if (!statSync(full).isDirectory()) return [path];
      const inside = readdirSync(full).filter((name) => ENDINGS.some((ending) => name.endsWith(ending)));
      if (inside.length > 0) return inside.sort().map((name) => join(path, name));
    } catch (error) {
      throw new PlimsollError({
        kind: 'usage',
        code: 'no_such_file',
        message:
          systemCodeOf(error) === 'ENOENT'
            ? `there is no file or folder ${path}`
            : `${path} cannot be read: ${systemCodeOf(error) ?? String(error)}`,
        hint: 'Give a scenario file, or a folder that holds some.',
        cause: error,
      });
    }
    throw new PlimsollError({
      kind: 'usage',
      code: 'no_scenarios',
      message: `the folder ${path} holds no ${ENDINGS.join(', ')} file`,
    });
  });
  return [...new Set(found)];
}
