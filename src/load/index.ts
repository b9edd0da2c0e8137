export { measureCapacity } from './capacity.js';
export { createLoadDriver } from './load-driver.js';
