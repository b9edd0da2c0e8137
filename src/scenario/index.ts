import type { ScenarioInput } from './schema.js';

export { discoverScenarios } from './discover.js';
export { scenarioJsonSchema } from './json-schema.js';
export { parseScenario, type Parsed, type Scenario } from './parse.js';
export { formatProblems, problemJson, type Problem } from './problems.js';
export type { ScenarioInput } from './schema.js';

/** A scenario in TypeScript: the same shape as in YAML, typed. It is checked when it is run. */
export function defineScenario(scenario: ScenarioInput): ScenarioInput {
  return scenario;
}
