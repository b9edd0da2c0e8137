import { z } from 'zod';
import { WrittenScenario } from './schema.js';

type Node = {
  properties?: Record<string, Node>;
  additionalProperties?: Node | boolean;
  items?: Node | Node[];
  anyOf?: Node[];
  oneOf?: Node[];
  const?: string | number | boolean;
  description?: string;
};

let cached: Record<string, unknown> | undefined;

/** JSON Schema (draft 7) of the language as it is written, for editors. */
export function scenarioJsonSchema(): Record<string, unknown> {
  cached ??= {
    ...z.toJSONSchema(WrittenScenario, { io: 'input', target: 'draft-7', unrepresentable: 'any' }),
    title: 'Plimsoll scenario',
  };
  return cached;
}

/** The keys that may stand at a path, for "did you mean"; for `…, 'type'` of a fault: the fault types. */
export function knownKeysAt(path: readonly string[], raw: unknown): string[] {
  let nodes: Node[] = [scenarioJsonSchema() as Node];
  let value: unknown = raw;
  for (const key of path) {
    nodes = nodes.flatMap((node) => variants(node, value)).flatMap((node) => childOf(node, key));
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  }
  const here = nodes.flatMap((node) => variants(node, value));
  const keys = here.flatMap((node) => Object.keys(node.properties ?? {}));
  const constants = here.flatMap((node) => (node.const === undefined ? [] : [String(node.const)]));
  return [...new Set(keys.length > 0 ? keys : constants)];
}

/** The variants of a union that fit the value's `type`, or all. */
function variants(node: Node, value: unknown): Node[] {
  const all = node.anyOf ?? node.oneOf;
  if (!all) return [node];
  const type = (value as { type?: unknown } | undefined)?.type;
  const fitting = all.filter((variant) => variant.properties?.['type']?.const === type && type !== undefined);
  return (fitting.length > 0 ? fitting : all).flatMap((variant) => variants(variant, value));
}

function childOf(node: Node, key: string): Node[] {
  const named = node.properties?.[key];
  if (named) return [named];
  if (node.items) return Array.isArray(node.items) ? node.items : [node.items];
  return typeof node.additionalProperties === 'object' ? [node.additionalProperties] : [];
}
