// Loaded into the compiled proxy before it starts (`--import`): answers each message with what the process holds.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

process.on('message', () => {
  collect();
  const active = {};
  for (const kind of process.getActiveResourcesInfo()) active[kind] = (active[kind] ?? 0) + 1;
  process.send?.({ heapMb: process.memoryUsage().heapUsed / 1e6, active });
});
