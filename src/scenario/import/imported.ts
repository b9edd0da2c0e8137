import type { Problem, Path } from '../problems.js';

/** How an imported indicator is measured here: a vendor's query cannot be run. */
export interface Mapping {
  indicator?: string | undefined;
  stream?: string | undefined;
  request?: string | undefined;
  /** Unit of a threshold's value. */
  unit?: 'ms' | 's' | undefined;
}

/** What a foreign file gives: entries of `slos` and perhaps a `budget`, as they would be written in a scenario. */
export interface Imported {
  slos: Record<string, unknown>[];
  budget?: Record<string, unknown>;
  problems: Problem[];
  warnings: { code: string; message: string }[];
}

/** Where the reader of one document reports to. */
export interface ImportContext {
  mappings: Readonly<Record<string, Mapping>>;
  problem(path: Path, code: string, message: string, hint?: string): void;
  /** Says where and what is not taken over. */
  ignored(path: Path, message: string): void;
  slo(entry: Record<string, unknown>): void;
  /** The first one counts. */
  budget(path: Path, budget: Record<string, unknown>): void;
}

/** An SLO by its target: the indicator is the mapping's, and the target the share of good events. */
export function addSlo(
  context: ImportContext,
  path: Path,
  slo: {
    name: string;
    /** Names under which a mapping may stand. */
    keys: readonly (string | undefined)[];
    /** Share of good events. */
    target: number;
    /** The indicator that the file itself implies: "latency under 200ms". */
    implied?: string | undefined;
    annotations?: Readonly<Record<string, unknown>> | undefined;
  },
): void {
  const mapping = slo.keys.map((key) => (key === undefined ? undefined : context.mappings[key])).find(Boolean);
  const indicator = mapping?.indicator ?? slo.implied;
  if (indicator === undefined) {
    const key = slo.keys.find((name) => name !== undefined) ?? slo.name;
    context.problem(
      path,
      'indicator_not_mapped',
      `how is "${key}" measured? Its query is for another system and cannot be run here`,
      `Write in the scenario: slos: { indicators: { ${key}: { indicator: availability } } }, or a request and "latency under 200ms".`,
    );
    return;
  }
  if (!(slo.target > 0 && slo.target < 1)) {
    context.problem(
      path,
      'bad_target',
      `the target of "${slo.name}" is ${percent(slo.target)}; it must lie between 0 % and 100 %`,
    );
    return;
  }
  const isErrors = /^error[ -]rate$/i.test(indicator.trim());
  const text = (name: string): string | undefined => {
    const value = slo.annotations?.[`plimsoll/${name}`];
    return value === undefined ? undefined : words(value);
  };
  const tolerance = text('tolerance');
  const severity = text('severity');
  const recoverWithin = text('recover-within');
  context.slo({
    name: slo.name,
    indicator,
    objective: isErrors ? `<= ${percent(1 - slo.target)}` : `>= ${percent(slo.target)}`,
    ...(mapping?.stream === undefined ? {} : { stream: mapping.stream }),
    ...(mapping?.request === undefined ? {} : { request: mapping.request }),
    ...(tolerance === undefined ? {} : { tolerance }),
    ...(severity === undefined ? {} : { severity }),
    ...(recoverWithin === undefined ? {} : { recoverWithin }),
  });
}

/** `99.95%`, without the digits that binary fractions add. */
export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(10))}%`;
}

/** Any value of a foreign file as text, for messages and for what must be text anyway. */
export function words(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
}
