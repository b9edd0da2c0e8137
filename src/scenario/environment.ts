import { isScalar, visit, type Document, type Scalar } from 'yaml';
import { nearest } from './problems.js';

const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

/**
 * Expands `${NAME}` and `${NAME:-default}` in the string values of a document (not in its keys). Nothing else is
 * templated.
 *
 * @param missing called for a name that is not set and has no default, with the offset of its value.
 */
export function expandEnvironment(
  document: Document,
  env: Readonly<Record<string, string | undefined>>,
  missing: (offset: number, problem: { message: string; hint: string }) => void,
): void {
  visit(document, {
    Scalar(key, node: Scalar) {
      if (key === 'key' || !isScalar(node) || typeof node.value !== 'string' || !node.value.includes('${')) return;
      node.value = node.value.replace(REFERENCE, (whole, name: string, fallback: string | undefined) => {
        // As in a shell, `:-` also stands in for an empty value.
        const value = env[name];
        if (value !== undefined && (value !== '' || fallback === undefined)) return value;
        if (fallback !== undefined) return fallback;
        missing(node.range?.[0] ?? 0, {
          message: `the environment variable ${name} is not set`,
          hint: `Set it, or give a default: \${${name}:-value}. ${nearest(name, Object.keys(env))}`.replace(
            / There are: .*$/,
            '',
          ),
        });
        return whole;
      });
    },
  });
}
