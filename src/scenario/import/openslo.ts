import { parseDurationMs } from '../../support/units.js';
import { isTimeZone } from '../../verdict/budget/calendar.js';
import type { Path } from '../problems.js';
import { addSlo, percent, words, type ImportContext } from './imported.js';

type Json = Record<string, unknown>;

const KINDS = ['SLO', 'SLI', 'AlertPolicy', 'AlertCondition', 'Service'];
/** Kinds that say nothing about a run. A DataSource may hold secrets: nothing of it is repeated. */
const IGNORED = ['DataSource', 'AlertNotificationTarget'];
const UNITS = { d: 'day', w: 'week', M: 'month', Q: 'quarter', Y: 'year' } as const;
const SECONDS = { m: 60, h: 3600, d: 86_400, w: 604_800, M: 2_592_000, Q: 7_776_000, Y: 31_536_000 } as const;

export interface OpenSloDocument {
  document: Json;
  context: ImportContext;
}

export function isOpenSlo(document: Json): boolean {
  return typeof document['apiVersion'] === 'string' && document['apiVersion'].startsWith('openslo');
}

/** OpenSLO v1, the part of it that a run can judge. All documents of a file together: they refer to each other. */
export function readOpenSlo(documents: readonly OpenSloDocument[]): void {
  const usable = documents.filter(isUsable);
  for (const one of usable) if (one.document['kind'] === 'SLO') readSlo(one, usable);
}

function isUsable({ document, context }: OpenSloDocument): boolean {
  const { apiVersion, kind } = document;
  if (apiVersion !== 'openslo/v1') {
    context.problem(
      ['apiVersion'],
      'openslo_version',
      `"${words(apiVersion)}" cannot be read; only openslo/v1 can`,
      'Convert the file to openslo/v1.',
    );
    return false;
  }
  if (IGNORED.includes(words(kind))) {
    context.ignored(['kind'], `a ${words(kind)} says nothing about a run`);
    return false;
  }
  if (KINDS.includes(words(kind))) return true;
  context.problem(
    ['kind'],
    'openslo_kind',
    `there is no kind "${words(kind)}" in OpenSLO v1`,
    `There are: ${KINDS.join(', ')}.`,
  );
  return false;
}

function readSlo({ document, context }: OpenSloDocument, all: readonly OpenSloDocument[]): void {
  const metadata = record(document['metadata']);
  const spec = record(document['spec']);
  const name = text(metadata['name']);
  if (name === undefined) return context.problem(['metadata'], 'openslo_form', 'an SLO needs metadata.name');
  const hasBoth = spec['indicator'] !== undefined && spec['indicatorRef'] !== undefined;
  if (hasBoth || (spec['indicator'] ?? spec['indicatorRef']) === undefined) {
    return context.problem(['spec'], 'openslo_form', `SLO ${name} needs exactly one of indicator and indicatorRef`);
  }
  const ref = text(spec['indicatorRef']);
  const found = ref === undefined ? record(spec['indicator']) : named(all, 'SLI', ref);
  if (!found)
    return context.problem(['spec', 'indicatorRef'], 'openslo_reference', `there is no SLI "${ref}" in this file`);
  const sli = record(found['spec']);
  const isThreshold = sli['thresholdMetric'] !== undefined;
  if (!isThreshold && sli['ratioMetric'] === undefined) {
    return context.problem(
      ['spec'],
      'openslo_form',
      `the indicator of SLO ${name} has neither ratioMetric nor thresholdMetric`,
    );
  }
  const objectives = Array.isArray(spec['objectives']) ? spec['objectives'].map(record) : [];
  if (objectives.length === 0)
    return context.problem(['spec', 'objectives'], 'openslo_form', `SLO ${name} has no objective`);
  const method = methodOf(spec, context);
  objectives.forEach((objective, k) => {
    const path: Path = ['spec', 'objectives', k];
    if (
      objective['indicator'] !== undefined ||
      objective['indicatorRef'] !== undefined ||
      objective['compositeWeight'] !== undefined
    )
      return context.problem(
        path,
        'openslo_composite',
        `SLO ${name} has a composite objective, which cannot be judged here`,
      );
    const target = targetOf(objective, path, context);
    if (target === undefined) return undefined;
    const keys = [ref, text(record(found['metadata'])['name']), name];
    addSlo(context, path, {
      name: objectives.length === 1 ? name : `${name} ${text(objective['displayName']) ?? k + 1}`,
      keys,
      target,
      implied: isThreshold ? impliedOf(objective, keys, path, context) : undefined,
      annotations: record(metadata['annotations']),
    });
    if (!isThreshold && objective['op'] !== undefined) context.ignored([...path, 'op'], 'a ratio has no `op`');
    if (k === 0 && method) readBudget({ name, spec, objective, target, method }, all, context);
    return undefined;
  });
}

function targetOf(objective: Json, path: Path, context: ImportContext): number | undefined {
  const { target, targetPercent } = objective;
  if ((target === undefined) === (targetPercent === undefined)) {
    context.problem(path, 'openslo_form', 'an objective needs exactly one of target and targetPercent');
    return undefined;
  }
  const share = target === undefined ? Number(targetPercent) / 100 : Number(target);
  if (share >= 0 && share < 1) return share;
  context.problem(
    [...path, target === undefined ? 'targetPercent' : 'target'],
    'bad_target',
    `the target ${words(target ?? targetPercent)} must be at least 0 and less than ${target === undefined ? '100' : '1'}`,
    'A target of 100 % leaves no error budget.',
  );
  return undefined;
}

/** "The share of requests faster than a value": latency as a ratio. */
function impliedOf(
  objective: Json,
  keys: readonly (string | undefined)[],
  path: Path,
  context: ImportContext,
): string | undefined {
  const unit = keys.map((key) => (key === undefined ? undefined : context.mappings[key]?.unit)).find(Boolean);
  const value = Number(objective['value']);
  if (unit === undefined) return undefined;
  if (!['lt', 'lte'].includes(words(objective['op'])) || !(value > 0)) {
    context.problem(
      path,
      'openslo_threshold',
      'only a threshold with op lt or lte and a value above zero is a latency',
    );
    return undefined;
  }
  return `latency under ${value}${unit}`;
}

function methodOf(spec: Json, context: ImportContext): string | undefined {
  const written = words(spec['budgetingMethod'] ?? 'Occurrences');
  const method = { occurrences: 'occurrences', timeslices: 'timeslices', ratiotimeslices: 'ratio-timeslices' }[
    written.toLowerCase()
  ];
  if (method === undefined)
    context.problem(['spec', 'budgetingMethod'], 'openslo_form', `"${written}" is no budgeting method of OpenSLO v1`);
  return method;
}

function readBudget(
  slo: { name: string; spec: Json; objective: Json; target: number; method: string },
  all: readonly OpenSloDocument[],
  context: ImportContext,
): void {
  const windows = Array.isArray(slo.spec['timeWindow']) ? slo.spec['timeWindow'].map(record) : [];
  const [window] = windows;
  if (!window || windows.length !== 1)
    return context.problem(['spec', 'timeWindow'], 'openslo_form', `SLO ${slo.name} needs exactly one timeWindow`);
  const path: Path = ['spec', 'timeWindow', 0];
  const parsed = /^(\d+)([mhdwMQY])$/.exec(words(window['duration']));
  const unit = parsed?.[2] as keyof typeof SECONDS | undefined;
  if (!parsed || unit === undefined || Number(parsed[1]) < 1)
    return context.problem(
      [...path, 'duration'],
      'openslo_duration',
      `"${words(window['duration'])}" is no duration of OpenSLO`,
      'Write it like 30d, 4w or 1M.',
    );
  const count = Number(parsed[1]);
  const periodS = count * SECONDS[unit];
  if (window['calendar'] !== undefined && periodS < 3600)
    context.ignored(
      [...path, 'duration'],
      `${count}m are ${count} minutes, hardly what a calendar window means; a month is 1M. The window is left out`,
    );
  if (periodS < 3600) return undefined;
  const sliceTarget = slo.objective['timeSliceTarget'];
  const slice = slo.objective['timeSliceWindow'];
  const abort = abortOf(slo.spec, all, context, periodS, slo.target);
  context.budget(path, {
    name: slo.name,
    objective: percent(slo.target),
    window: windowOf(window, unit, count, path, context) ?? `${periodS}s`,
    method: slo.method,
    ...(sliceTarget === undefined ? {} : { sliceTarget: percent(Number(sliceTarget)) }),
    // A bare number is minutes.
    ...(slice === undefined ? {} : { slice: typeof slice === 'number' ? `${slice}m` : words(slice) }),
    ...(abort === undefined ? {} : { abort }),
  });
  return undefined;
}

function windowOf(
  window: Json,
  unit: keyof typeof SECONDS,
  count: number,
  path: Path,
  context: ImportContext,
): Json | undefined {
  const calendar = window['calendar'] === undefined ? undefined : record(window['calendar']);
  if (!calendar || window['isRolling'] === true) return undefined;
  const named = UNITS[unit as keyof typeof UNITS];
  if (named === undefined) {
    context.ignored([...path, 'calendar'], `a calendar window of ${count}${unit} is taken as a rolling one`);
    return undefined;
  }
  const zone = text(calendar['timeZone']);
  if (zone !== undefined && !isTimeZone(zone))
    context.problem([...path, 'calendar', 'timeZone'], 'unknown_time_zone', `there is no time zone "${zone}"`);
  const start = text(calendar['startTime']);
  return {
    calendar: named,
    count,
    ...(zone === undefined ? {} : { timeZone: zone }),
    ...(start === undefined ? {} : { start }),
  };
}

/** The first burn-rate condition, as the share of the budget in an hour that ends a run. */
function abortOf(
  spec: Json,
  all: readonly OpenSloDocument[],
  context: ImportContext,
  periodS: number,
  target: number,
): string | undefined {
  const written = spec['alertPolicies'];
  if (!Array.isArray(written)) return undefined;
  let chosen: string | undefined;
  written.map(record).forEach((entry, k) => {
    const path: Path = ['spec', 'alertPolicies', k];
    const ref = text(entry['alertPolicyRef']) ?? text(written[k]);
    const policy = ref === undefined ? entry : named(all, 'AlertPolicy', ref);
    if (!policy) return context.problem(path, 'openslo_reference', `there is no AlertPolicy "${ref}" in this file`);
    const conditions = record(policy['spec'])['conditions'];
    const list = Array.isArray(conditions) ? conditions.map(record) : [];
    if (list.length > 1) return context.problem(path, 'openslo_form', 'an AlertPolicy has at most one condition');
    const [first] = list;
    if (!first) return undefined;
    const conditionRef = text(first['conditionRef']);
    const source = conditionRef === undefined ? first : named(all, 'AlertCondition', conditionRef);
    if (!source)
      return context.problem(path, 'openslo_reference', `there is no AlertCondition "${conditionRef}" in this file`);
    const condition = record(record(source['spec'])['condition']);
    const threshold = Number(condition['threshold']);
    const op = words(condition['op']);
    if (condition['kind'] !== 'burnrate' || !(threshold > 0))
      return context.ignored(path, 'only conditions on the burn rate are taken over');
    if (op !== 'gt' && op !== 'gte')
      return context.ignored(
        path,
        `op "${op}" would mean a budget that burns slowly; only gt and gte mean that it burns`,
      );
    if (threshold >= 1 / (1 - target))
      return context.ignored(path, `a burn rate of ${threshold} is more than total failure: it can never be reached`);
    if (chosen !== undefined) return context.ignored(path, 'a run has one abort rule, and it is the first');
    chosen = `${Number(((threshold * 3600 * 100) / periodS).toPrecision(6))}%/h`;
    return undefined;
  });
  return chosen;
}

function named(all: readonly OpenSloDocument[], kind: string, name: string): Json | undefined {
  return all.find(({ document }) => document['kind'] === kind && record(document['metadata'])['name'] === name)
    ?.document;
}

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Pyrra and Sloth write windows as Prometheus does: `2w`, `30d`. */
export function prometheusDuration(written: string): string | undefined {
  const weeks = /^(\d+)w$/.exec(written);
  const plain = weeks ? `${Number(weeks[1]) * 7}d` : written;
  return parseDurationMs(plain).ok ? plain : undefined;
}
