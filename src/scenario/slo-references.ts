import { formatMs } from '../support/units.js';
import { isFromElsewhere, sloProblem } from '../verdict/indicators/registry.js';
import type { Indicator } from '../verdict/slo.js';
import { parseObjective, parseTolerance } from './limit-text.js';
import { nearest, type Path, type ProblemSink } from './problems.js';
import type { ScenarioDocument, SloDocument } from './schema.js';
import { indicatorOf, isSourceName, SOURCE_INDICATORS } from './source-indicator.js';
import { checkSource } from './source-references.js';

/** Good buckets that end a recovery (each one second). */
const RECOVERY_BUCKETS_MS = 5_000;

/** What an SLO refers to must be there, and its limits must make sense for its indicator. */
export function checkSlo(scenario: ScenarioDocument, slo: SloDocument, path: Path, problems: ProblemSink): void {
  const { streams } = scenario.load;
  if (slo.stream !== undefined && !Object.hasOwn(streams, slo.stream)) {
    problems.add([...path, 'stream'], {
      code: 'unknown_stream',
      message: `SLO ${slo.name}: there is no stream "${slo.stream}"`,
      hint: nearest(slo.stream, Object.keys(streams)),
    });
  }
  const requests = Object.values(streams).flatMap((stream) => stream.requests.map(({ name }) => name));
  if (slo.request !== undefined && !requests.includes(slo.request)) {
    problems.add([...path, 'request'], {
      code: 'unknown_request',
      message: `SLO ${slo.name}: there is no request "${slo.request}"`,
      hint: nearest(slo.request, requests),
    });
  }
  if (slo.objective === undefined && slo.tolerance === undefined && slo.recoverWithin === undefined) {
    problems.add(path, {
      code: 'nothing_to_judge',
      message: `SLO ${slo.name} has neither objective, tolerance nor recoverWithin`,
      hint: 'Write at least one, such as objective: ">= 99.9%".',
    });
  }
  if (
    slo.recoverWithin !== undefined &&
    (scenario.phases.recovery ?? 10_000) < slo.recoverWithin + RECOVERY_BUCKETS_MS
  ) {
    problems.add([...path, 'recoverWithin'], {
      code: 'recovery_too_short',
      message: `SLO ${slo.name} may take ${formatMs(slo.recoverWithin)} to recover and needs 5 good seconds after that, but the recovery phase lasts ${formatMs(scenario.phases.recovery ?? 10_000)}`,
      hint: `Write phases: { recovery: ${(slo.recoverWithin + RECOVERY_BUCKETS_MS) / 1000}s }, or longer.`,
    });
  }
  if (slo.confidence !== undefined && (slo.confidence <= 0.5 || slo.confidence >= 1))
    problems.add([...path, 'confidence'], {
      code: 'bad_confidence',
      message: 'the confidence must lie between 50% and 100%, such as 95%',
    });
  checkSource(scenario, slo, path, problems);
  const indicator = indicatorOf(slo);
  if (!indicator.ok) {
    const place = SOURCE_INDICATORS.find((block) => slo[block] !== undefined && slo.indicator.trim() === block);
    problems.add([...path, place ?? 'indicator'], {
      code: place === undefined && !isSourceName(slo.indicator) ? 'unknown_indicator' : 'bad_source',
      message: indicator.problem,
    });
    return;
  }
  if (slo.objective !== undefined) {
    const objective = parseObjective(slo.objective, indicator.value);
    if (!objective.ok) problems.add([...path, 'objective'], { code: 'bad_objective', message: objective.problem });
  }
  const tolerances = slo.tolerance === undefined ? [] : [slo.tolerance].flat();
  tolerances.forEach((text, k) => {
    const tolerance = parseTolerance(text, indicator.value);
    const at = Array.isArray(slo.tolerance) ? [...path, 'tolerance', k] : [...path, 'tolerance'];
    if (!tolerance.ok) problems.add(at, { code: 'bad_tolerance', message: tolerance.problem });
  });
  if (isFromElsewhere(indicator.value)) checkParts(slo, indicator.value, path, problems);
  if (tolerances.length > 1 && slo.combine === undefined)
    problems.add([...path, 'tolerance'], {
      code: 'combine_missing',
      message: `SLO ${slo.name} has several tolerances`,
      hint: 'Write combine: all (each must be kept) or combine: any (one is enough).',
    });
  const stream = slo.stream === undefined ? undefined : streams[slo.stream];
  if (indicator.value.type === 'throughput' && stream?.users !== undefined && slo.severity === 'critical') {
    problems.add([...path, 'severity'], {
      code: 'closed_model',
      message: `SLO ${slo.name}: the throughput of \`users\` only says again how long answers took, so it must not decide`,
      hint: 'Write severity: warning, or judge latency.',
    });
  }
}

/** Of an indicator from elsewhere the parts are checked together, as judging would: what fits depends on what is read. */
function checkParts(slo: SloDocument, indicator: Indicator, path: Path, problems: ProblemSink): void {
  const objective = slo.objective === undefined ? undefined : parseObjective(slo.objective, indicator);
  const tolerances = (slo.tolerance === undefined ? [] : [slo.tolerance].flat()).map((text) =>
    parseTolerance(text, indicator),
  );
  // What can't be read has been told by its own place already, and so has what is missing or does not go together.
  if (objective?.ok === false || tolerances.some(({ ok }) => !ok)) return;
  if (slo.recoverWithin !== undefined || (slo.objective === undefined && slo.tolerance === undefined)) return;
  const problem = sloProblem({
    indicator,
    ...(objective?.ok ? { objective: { ...objective.value, during: slo.during } } : {}),
    tolerances: tolerances.flatMap((tolerance) => (tolerance.ok ? [tolerance.value] : [])),
  });
  if (problem)
    problems.add([...path, slo.tolerance === undefined ? 'objective' : 'tolerance'], {
      code: slo.tolerance === undefined ? 'bad_objective' : 'bad_tolerance',
      message: `SLO ${slo.name}: ${problem}`,
    });
}
