// Appends so many entries to a ledger, one by one, with the built code: node ledger-writer.js <file> <name> <count>
import { appendToLedger } from '../../dist/record/budget-ledger.js';
import { identityOf, isAlive } from '../../dist/targets/process.js';

const [file, name, count] = process.argv.slice(2);
const owner = { identity: identityOf(process.pid), isAlive };
for (let k = 0; k < Number(count); k++) {
  const span = { from: '2026-02-28T00:00:00Z', to: '2026-03-01T00:00:00Z', bad: 1, total: 10 };
  const entry = { v: 1, id: `${name}-${k}`, at: '2026-03-01T00:00:00Z', budget: 'shop', kind: 'usage', ...span };
  await appendToLedger(file, [entry], owner);
}
