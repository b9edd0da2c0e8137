import { describe, test } from 'vitest';
import { QUICK, ROWS } from './rows.js';

describe('truth, at small size: the ledger agrees with the log of the server', () => {
  const rows = ROWS.filter(({ quick }) => quick);
  for (const row of rows.filter(({ untimed }) => untimed !== true)) test(row.name, () => row.run(QUICK));
  for (const row of rows.filter(({ untimed }) => untimed)) test.concurrent(row.name, () => row.run(QUICK));
});
