export { describePlan, planJson } from './describe.js';
export { resolvePlan } from './resolve.js';
