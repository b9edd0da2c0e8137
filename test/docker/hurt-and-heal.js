// Hurts the containers with a label through whatever engine its environment names, and undoes it. Arguments: the label, the
// type of the fault, its settings as JSON. Prints what was proven, or why it could not be done.
import { createTargets } from '../../dist/targets/create-targets.js';
import { faultByType } from '../../dist/faults/registry.js';
import { undoAll } from '../../dist/run/undo-runner.js';
import { random } from '../../dist/support/random.js';

const [label, type, settings] = process.argv.slice(2);
const definition = faultByType(type);
const services = [{ name: 'order', how: 'container', container: { label } }];
const context = { id: 'f1', targets: createTargets({ runId: 'test', links: [], services }), random: random(1, 'test') };
try {
  const given = definition.settings.parse({ service: 'order', allowAll: true, ...JSON.parse(settings) });
  const fault = await definition.prepare(given, context);
  const { signal } = new AbortController();
  await fault.arm?.(signal);
  await fault.inject(signal);
  const { status } = await fault.prove(signal);
  const { failed } = await undoAll(fault.undo, { orphaned: true, onDone() {}, onFailed() {} });
  console.log(`${type}: ${status}, ${failed.length} undo records failed, ${(await fault.proveUndone()).status}`);
} catch (error) {
  console.log(`${error.code}: ${error.message}`);
}
