import { nearest, type Path, type ProblemSink } from './problems.js';
import type { ScenarioDocument, SloDocument } from './schema.js';
import { SOURCE_INDICATORS } from './source-indicator.js';

/** What the block of an indicator from elsewhere refers to must be there, and be readable. */
export function checkSource(scenario: ScenarioDocument, slo: SloDocument, path: Path, problems: ProblemSink): void {
  const type = slo.indicator.trim().toLowerCase();
  for (const block of SOURCE_INDICATORS) {
    if (slo[block] !== undefined && block !== type)
      problems.add([...path, block], {
        code: 'wrong_source',
        message: `\`${block}\` goes with \`indicator: ${block}\`, and the indicator is ${slo.indicator}`,
        part: 'key',
      });
  }
  if (!SOURCE_INDICATORS.some((block) => block === type)) return;
  for (const key of ['stream', 'request'] as const) {
    if (slo[key] !== undefined)
      problems.add([...path, key], {
        code: 'wrong_source',
        message: `\`${key}\` narrows what the load measures; the indicator ${slo.indicator} is not measured by it`,
        part: 'key',
      });
  }
  if (slo.recoverWithin !== undefined)
    problems.add([...path, 'recoverWithin'], {
      code: 'wrong_source',
      message: `recoverWithin is read from the answers to requests, which ${slo.indicator} is not about`,
      hint: 'Write an objective with `during: recovery`.',
      part: 'key',
    });
  if (type === 'prometheus') checkMetric(scenario, slo, [...path, 'prometheus'], problems);
  if (type === 'log') checkLog(scenario, slo, [...path, 'log'], problems);
  if (type === 'exit') checkExit(scenario, slo, [...path, 'exit'], problems);
}

function checkMetric(scenario: ScenarioDocument, slo: SloDocument, path: Path, problems: ProblemSink): void {
  for (const name of [slo.prometheus?.service ?? []].flat()) {
    const service = serviceNamed(scenario, name, [...path, 'service'], slo, problems);
    if (service && service.metrics === undefined)
      problems.add([...path, 'service'], {
        code: 'no_metrics',
        message: `SLO ${slo.name}: service ${name} has no \`metrics\``,
        hint: 'Write the address of its page: `metrics: http://127.0.0.1:…/metrics`.',
      });
  }
}

function checkLog(scenario: ScenarioDocument, slo: SloDocument, path: Path, problems: ProblemSink): void {
  if (slo.log?.file !== undefined) return;
  const name = slo.log?.service;
  if (name === undefined) {
    if (scenario.system.start === undefined)
      problems.add(path, {
        code: 'no_log',
        message: `SLO ${slo.name}: there is no \`system.start\` whose lines could be read`,
        hint: 'Name a `service` that Plimsoll runs, or a `file`.',
      });
    return;
  }
  const service = serviceNamed(scenario, name, [...path, 'service'], slo, problems);
  if (service && service.process?.run === undefined)
    problems.add([...path, 'service'], {
      code: 'no_log',
      message: `SLO ${slo.name}: Plimsoll does not run ${name}, so it does not have its lines`,
      hint: 'Leave `service` out where `system.start` prints them, name the `file` that they go to, or let Plimsoll run it.',
    });
}

function checkExit(scenario: ScenarioDocument, slo: SloDocument, path: Path, problems: ProblemSink): void {
  const name = slo.exit?.service;
  if (name === undefined || !serviceNamed(scenario, name, [...path, 'service'], slo, problems)) return;
  if (scenario.faults.some((fault) => fault.type === 'process-terminate' && fault['service'] === name)) return;
  problems.add([...path, 'service'], {
    code: 'no_exit',
    message: `SLO ${slo.name}: no fault asks ${name} to end, so there would be no exit to judge`,
    hint: `Add a fault \`{ type: process-terminate, service: ${name}, count: 1, comesBack: 10s }\`.`,
  });
}

function serviceNamed(
  scenario: ScenarioDocument,
  name: string,
  path: Path,
  slo: SloDocument,
  problems: ProblemSink,
): ScenarioDocument['system']['services'][string] | undefined {
  const { services } = scenario.system;
  if (Object.hasOwn(services, name)) return services[name];
  problems.add(path, {
    code: 'unknown_service',
    message: `SLO ${slo.name}: there is no service "${name}"`,
    hint: nearest(name, Object.keys(services)),
  });
  return undefined;
}
