import { addSlo, percent, words, type ImportContext } from './imported.js';
import { prometheusDuration } from './openslo.js';

type Json = Record<string, unknown>;

/** Sloth, `version: prometheus/v1`: objectives in percent over 30 days. */
export function readSloth(document: Json, context: ImportContext): void {
  const slos = Array.isArray(document['slos']) ? (document['slos'] as unknown[]) : [];
  if (slos.length === 0) context.problem([], 'sloth_form', 'a Sloth file needs a list `slos`');
  slos.forEach((raw, k) => {
    const slo = record(raw);
    const path = ['slos', k];
    const name = typeof slo['name'] === 'string' ? slo['name'] : undefined;
    if (name === undefined) return context.problem(path, 'sloth_form', 'an SLO of Sloth needs a name');
    const target = Number(slo['objective']) / 100;
    if (!(target > 0 && target < 1))
      return context.problem(
        [...path, 'objective'],
        'bad_target',
        `the objective ${words(slo['objective'])} is no share in percent, such as 99.9`,
      );
    addSlo(context, path, { name, keys: [name], target, annotations: record(slo['labels']) });
    if (slo['alerting'] !== undefined) context.ignored([...path, 'alerting'], 'alerts are not taken over');
    context.budget(path, { name, objective: percent(target), window: '30d' });
    return undefined;
  });
}

/** Pyrra: the target is a string in percent, the window its own. */
export function readPyrra(document: Json, context: ImportContext): void {
  const metadata = record(document['metadata']);
  const spec = record(document['spec']);
  const name = typeof metadata['name'] === 'string' ? metadata['name'] : undefined;
  if (name === undefined)
    return context.problem(['metadata'], 'pyrra_form', 'a ServiceLevelObjective needs metadata.name');
  const target = Number(spec['target']) / 100;
  if (!(target > 0 && target < 1))
    return context.problem(
      ['spec', 'target'],
      'bad_target',
      `the target "${words(spec['target'])}" is no share in percent, such as "99.9"`,
    );
  const indicator = record(spec['indicator']);
  const kind = ['ratio', 'latency', 'latencyNative', 'bool_gauge'].find((key) => indicator[key] !== undefined);
  if (kind === undefined)
    return context.problem(
      ['spec', 'indicator'],
      'pyrra_form',
      'an indicator is one of ratio, latency, latencyNative and bool_gauge',
    );
  const native = record(indicator['latencyNative'])['latency'];
  addSlo(context, ['spec', 'indicator'], {
    name,
    keys: [name],
    target,
    implied: kind === 'latencyNative' && typeof native === 'string' ? `latency under ${native}` : undefined,
    annotations: record(metadata['annotations']),
  });
  if (spec['alerting'] !== undefined) context.ignored(['spec', 'alerting'], 'alerts are not taken over');
  const window = prometheusDuration(words(spec['window'] ?? '28d'));
  if (window === undefined)
    return context.problem(
      ['spec', 'window'],
      'pyrra_form',
      `"${words(spec['window'])}" is no window, such as 2w or 30d`,
    );
  context.budget(['spec', 'window'], { name, objective: percent(target), window });
  return undefined;
}

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}
