import { REQUEST_ROWS } from './request-rows.js';
import { TIMED_ROWS } from './timed-rows.js';

export { FULL, QUICK } from './row.js';
export const ROWS = [...TIMED_ROWS, ...REQUEST_ROWS];
