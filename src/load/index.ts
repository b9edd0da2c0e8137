export { measureCapacity } from './capacity.js';
export { GATES } from './health.js';
export { createLoadDriver } from './load-driver.js';
export { parseTarget } from './origin.js';
