/**
 * Plimsoll from code. `defineScenario` gives a scenario its type; `run` does what `plimsoll run` does with one scenario,
 * without touching the process: no signals, no exit code, nothing printed.
 */
export { defineScenario, type ScenarioInput } from './scenario/index.js';
export { run, plan, type RunScenarioOptions } from './run/run-scenario.js';
export { judge } from './verdict/judge.js';
export type { JudgeInput } from './verdict/input.js';
export type { Slo } from './verdict/slo.js';
export { RunResult } from './result/schema.js';
export { renderReport } from './html/document.js';
export type { RunEvent } from './record/events.js';
export type { Plan } from './plan/plan.js';
export { PlimsollError } from './support/errors.js';
