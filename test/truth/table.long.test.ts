import { describe, test } from 'vitest';
import { FULL, ROWS } from './rows.js';

describe('truth, at full size: the ledger agrees with the log of the server', () => {
  for (const row of ROWS) test(row.name, () => row.run(FULL), 60_000);
});
