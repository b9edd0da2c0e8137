// A conductor in small, to be killed: journal, watchdog, register, a real toxic, a paused process and a process of its
// own, in the order of a real run. Arguments: one JSON document. Prints `injected` when its faults are in place.
import { spawn } from 'node:child_process';
import processFdLimit from '../../dist/faults/process-fd-limit.js';
import { Journal } from '../../dist/run/journal.js';
import { register } from '../../dist/run/register.js';
import { startWatchdog } from '../../dist/run/watchdog.js';
import { random } from '../../dist/support/random.js';
import { createTargets } from '../../dist/targets/create-targets.js';
import { connectToxiproxy } from '../../dist/targets/toxiproxy-client.js';
import { identityOf } from '../../dist/targets/process.js';

const { runId, directory, api, proxy, listen, victim, deadlineMs, hold, fdLimit } = JSON.parse(process.argv[2]);
const journal = Journal.create(directory);
const watchdog = await startWatchdog({ runId, journalPath: journal.path, directory });
const conductor = identityOf(process.pid);
register({
  runId,
  journalPath: journal.path,
  directory,
  conductor,
  watchdog: watchdog.identity,
  targets: [`listening ${listen}`],
});
process.stdout.write(`watchdog ${watchdog.identity.pid}\n`);

const common = { fault: 'f1', byHand: '', timeLimitMs: 5000 };
const helper = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
journal.willUndo([
  {
    kind: 'end-group',
    id: 'run/1',
    ...common,
    fault: 'run',
    words: 'end the helper',
    process: identityOf(helper.pid),
    label: 'helper',
  },
]);
process.stdout.write(`helper ${helper.pid}\n`);

if (fdLimit !== undefined) {
  const service = { name: 'victim', url: undefined, metrics: undefined, how: 'pid', pid: victim };
  const targets = createTargets({ runId, links: [], services: [service] });
  const settings = { service: 'victim', allowAll: true, limit: fdLimit };
  const fault = await processFdLimit.prepare(settings, { id: 'fd', targets, random: random(1, 'fd') });
  journal.willUndo(fault.undo);
  await fault.inject(new AbortController().signal);
}

const client = connectToxiproxy(api);
const deadlineUs = deadlineMs === undefined ? undefined : Number(process.hrtime.bigint() / 1000n) + deadlineMs * 1000;
for (let round = 1; ; round++) {
  const toxic = `plimsoll-${runId}-f${round}`;
  const records = [
    { kind: 'remove-toxic', id: `f${round}/0`, ...common, words: `remove ${toxic}`, api, proxy, listen, toxic },
    {
      kind: 'continue-process',
      id: `f${round}/1`,
      ...common,
      words: 'continue the victim',
      process: identityOf(victim),
    },
  ];
  journal.willUndo(records, deadlineUs);
  const target = await client.get(proxy);
  await target.addToxic({
    name: toxic,
    type: 'latency',
    stream: 'downstream',
    toxicity: 1,
    attributes: { latency: 50, jitter: 0 },
  });
  process.kill(victim, 'SIGSTOP');
  if (round === 1) process.stdout.write('injected\n');
  if (hold) await new Promise((resolve) => setTimeout(resolve, 600_000));
  await new Promise((resolve) => setTimeout(resolve, 5));
  process.kill(victim, 'SIGCONT');
  await target.api.delete(`${target.getPath()}/toxics/${toxic}`);
  for (const { id } of records) journal.undone(id);
}
