export { describePlan, planJson } from './describe.js';
export { resolvePlan, type ResolveOptions } from './resolve.js';
export type { Plan } from './plan.js';
