// A run in small, to be killed: starts a helper process, tells it to go, and prints its pid.
// Arguments: the kind of stress and its settings as JSON.
import { HelperProcess } from '../../dist/faults/shared/helper-process.js';

const [kind, settings, pattern = '^working$'] = process.argv.slice(2);
const { signal } = new AbortController();
const helper = await HelperProcess.start(kind, JSON.parse(settings), signal);
helper.go();
await helper.said(new RegExp(pattern), 10_000, signal);
process.stdout.write(`${helper.identity.pid}\n`);
setInterval(() => undefined, 1000);
