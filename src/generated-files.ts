import { z } from 'zod';
import { faults } from './faults/registry.js';
import type { FaultDefinition } from './faults/fault.js';
import { RunResult } from './result/schema.js';
import { scenarioJsonSchema } from './scenario/index.js';

type Schema = {
  type?: string | string[];
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  enum?: unknown[];
  const?: string | number | boolean;
  default?: string | number | boolean | object;
  examples?: unknown[];
};

/** Everything that is generated from the code: path in the repository → text. The same code gives the same bytes. */
export async function generatedFiles(): Promise<Map<string, string>> {
  const scenario = scenarioJsonSchema();
  const result = z.toJSONSchema(RunResult, { io: 'input', target: 'draft-7', unrepresentable: 'any' });
  const files = new Map<string, string>();
  files.set('schema/scenario.schema.json', `${JSON.stringify(scenario, null, 2)}\n`);
  files.set('schema/result.schema.json', `${JSON.stringify({ ...result, title: 'Plimsoll run result' }, null, 2)}\n`);
  files.set('docs/scenarios.md', scenarioPage(scenario as Schema));
  files.set('docs/faults/index.md', faultIndex());
  for (const fault of faults) files.set(`docs/faults/${fault.type}.md`, faultPage(fault));
  return files;
}

const NOTE = '<!-- Generated from the code by `npm run generate`. Change the descriptions there, not here. -->';

function scenarioPage(schema: Schema): string {
  const lines = [
    '# The scenario language',
    '',
    NOTE,
    '',
    'One YAML file (JSON is accepted too) is one hypothesis. An unknown key is an error. Durations are written `150ms`, `30s`, `2m`, `1h30m`; rates `250/s`, `15000/min`; shares `30%`; sizes `64KB`, `1MB/s`; tolerances `0.02pp` (percentage points), `10%` (of the baseline), `5ms`. A bare number is refused where a unit matters. `${NAME:-default}` is expanded in strings.',
    '',
    'For completion in an editor, put this line first: `# yaml-language-server: $schema=…/schema/scenario.schema.json` (or print the schema with `plimsoll schema`).',
    '',
    'Faults have a page each: [faults](faults/index.md). [scenarios/](../scenarios/README.md) holds runnable examples.',
    '',
  ];
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    if (key === 'faults') {
      lines.push(...faultKeys(child));
      continue;
    }
    const required = schema.required?.includes(key) ? ' (required)' : '';
    lines.push(`## \`${key}\`${required}`, '', describe(child), '');
    const variants = (child.anyOf ?? [child]).filter(
      (variant) => variant.properties || variant.additionalProperties || variant.items,
    );
    const rows = variants.flatMap((variant) => rowsOf(variant, ''));
    if (rows.length > 0)
      lines.push('| key | what | values | default |', '| --- | --- | --- | --- |', ...new Set(rows), '');
  }
  return lines.join('\n');
}

/** What every fault has beside the settings of its type. */
function faultKeys(list: Schema): string[] {
  const ofType = new Set(Object.keys(faults[0] ? faults[0].settings.shape : {}));
  const one = [list.items?.oneOf, list.items?.anyOf].flat().find((variant) => variant?.properties) ?? {};
  const common = Object.fromEntries(Object.entries(one.properties ?? {}).filter(([key]) => !ofType.has(key)));
  return [
    '## `faults`',
    '',
    `${describe(list)}. Beside the settings of its type ([a page each](faults/index.md)) every fault has:`,
    '',
    '| key | what | values | default |',
    '| --- | --- | --- | --- |',
    ...rowsOf(
      { properties: { ...common, type: { description: 'One of the [fault types](faults/index.md)', type: 'string' } } },
      '',
    ),
    '',
    'Without a proof of its effect a fault lets no SLO pass: the verdict is inconclusive. A link proves its faults best with a request of its own: write `protocol: redis`, `mqtt`, `grpc` or `http2` at the link, or `http` with `canary: { path }`, or `tcp` with `canary: { send, expect }`. Otherwise the effect is read from the traffic of the system, as far as it shows there. `proof: optional` lets the verdict stand where neither can tell. It does not help a fault that nobody met: a link that carried no traffic, or on a Toxiproxy that cannot tell nothing that shows any, is never passed.',
    '',
  ];
}

/** One row a key, nested keys with their path; `*` stands for a name, `[]` for a list. */
function rowsOf(schema: Schema, prefix: string): string[] {
  if (schema.items) return rowsOf(schema.items, `${prefix}[]`);
  const named =
    typeof schema.additionalProperties === 'object'
      ? rowsOf(schema.additionalProperties, `${prefix}${prefix ? '.' : ''}*`)
      : [];
  const own = Object.entries(schema.properties ?? {}).flatMap(([key, child]) => {
    const path = `${prefix}${prefix ? '.' : ''}${key}`;
    const required = schema.required?.includes(key) ? ' (required)' : '';
    const row = `| \`${path}\`${required} | ${describe(child)} | ${valuesOf(child)} | ${child.default === undefined || typeof child.default === 'object' ? '' : `\`${String(child.default)}\``} |`;
    const nested = [child, ...(child.anyOf ?? []), ...(child.oneOf ?? [])].filter(
      (variant) => variant.properties || variant.items?.properties || typeof variant.additionalProperties === 'object',
    );
    return [row, ...nested.flatMap((variant) => rowsOf(variant, path))];
  });
  return [...own, ...named];
}

function describe(schema: Schema): string {
  return (schema.description ?? '').replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function valuesOf(schema: Schema): string {
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(' ');
  if (schema.examples) return schema.examples.map((value) => `\`${String(value)}\``).join(' ');
  const variants = schema.anyOf ?? schema.oneOf;
  if (variants) return [...new Set(variants.map(valuesOf))].filter(Boolean).join(' or ');
  if (schema.type === 'array') return 'a list';
  if (schema.type === 'object') return 'a mapping';
  return [schema.type ?? ''].flat().join(' or ');
}

function faultIndex(): string {
  const rows = faults.map(
    (fault) =>
      `| [\`${fault.type}\`](${fault.type}.md) | ${fault.title} | ${fault.family} | ${fault.duration === 'instant' ? 'done at once' : 'lasts until it is undone'} |`,
  );
  return [
    '# Faults',
    '',
    NOTE,
    '',
    'Every fault writes its undo down before it acts, is proven to have taken effect, and proven to be gone.',
    '',
    '| type | what | on | duration |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function faultPage(fault: FaultDefinition): string {
  const schema = z.toJSONSchema(fault.settings, { io: 'input', target: 'draft-7', unrepresentable: 'any' }) as Schema;
  return [
    `# \`${fault.type}\`: ${fault.title.toLowerCase()}`,
    '',
    NOTE,
    '',
    fault.description,
    '',
    '```yaml',
    'faults:',
    ...fault.example
      .trim()
      .split('\n')
      .map((line) => `  ${line}`),
    '```',
    '',
    fault.duration === 'instant'
      ? 'It is done at once: the fault window begins with it, and `recoverWithin` counts from it.'
      : 'It lasts until it is undone: the fault window begins when it is proven, and `recoverWithin` counts from the proven undo.',
    '',
    ...(fault.needsPlimsollProxy
      ? [
          "It needs Plimsoll's own proxy, which a run starts for its links, or `plimsoll proxy`: a real Toxiproxy has no such toxic.",
          '',
        ]
      : []),
    '| setting | what | values | default |',
    '| --- | --- | --- | --- |',
    ...rowsOf(schema, ''),
    '',
    'Every fault also has `name`, `at`, `for`, `every` and `proof`: see [the language](../scenarios.md).',
    '',
    `A runnable example: [scenarios/${fault.type}.yaml](../../scenarios/${fault.type}.yaml).`,
    '',
  ].join('\n');
}
