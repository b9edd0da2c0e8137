// A conductor in small, to be killed while a fault is there: journal, watchdog, register, then one fault in the order of a
// real run. Arguments: one JSON document. Prints `injected` when the fault is proven.
import { Journal } from '../../dist/run/journal.js';
import { register } from '../../dist/run/register.js';
import { startWatchdog } from '../../dist/run/watchdog.js';
import { createTargets } from '../../dist/targets/create-targets.js';
import { identityOf } from '../../dist/targets/process.js';
import { faultByType } from '../../dist/faults/registry.js';
import { random } from '../../dist/support/random.js';

const { runId, directory, plan, type, settings, midway } = JSON.parse(process.argv[2]);
const journal = Journal.create(directory);
const watchdog = await startWatchdog({ runId, journalPath: journal.path, directory });
register({
  runId,
  journalPath: journal.path,
  directory,
  conductor: identityOf(process.pid),
  watchdog: watchdog.identity,
  targets: [`target of ${runId}`],
});
process.stdout.write(`watchdog ${watchdog.identity.pid}\n`);

const definition = faultByType(type);
const targets = createTargets({ runId, links: [], services: plan ? [plan] : [] });
const context = { id: 'f1', targets, random: random(1, 'chaos') };
const fault = await definition.prepare(definition.settings.parse(settings), context);
const { signal } = new AbortController();
await fault.arm?.(signal);
journal.willUndo(fault.undo, undefined);
// With `midway`, while the engine is still at it.
if (midway !== undefined) setTimeout(() => process.stdout.write('injected\n'), midway);
await fault.inject(signal);
const proof = await fault.prove(signal);
process.stdout.write(`owes ${fault.undo.length}\n`);
for (const record of fault.undo) if (record.process) process.stdout.write(`helper ${record.process.pid}\n`);
process.stdout.write(`${proof.status === 'confirmed' ? 'injected' : `not injected: ${proof.finding}`}\n`);
await new Promise((resolve) => setTimeout(resolve, 600_000));
