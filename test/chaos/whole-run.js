// A whole run, to be killed: what `plimsoll run` does, with phases far shorter than a scenario may have, since nothing
// here is judged. Arguments: one JSON document. Prints a line for the run directory and one for each event.
import { plan } from '../../dist/index.js';
import { WarmUp } from '../../dist/run/warm-up.js';
import { preflight } from '../../dist/run/preflight.js';
import { runPlan } from '../../dist/run/run.js';

// A busy machine makes the load late, which keeps a real run from injecting; here it must not.
WarmUp.prototype.over = async () => undefined;

const { scenario, runsRoot, phases, preflight: look } = JSON.parse(process.argv[2]);
const say = (line) => process.stdout.write(`${line}\n`);
const shortened = { ...plan(scenario), phases };
if (look) {
  await preflight(shortened).catch(({ code, message, hint }) => {
    say(`refused ${code}: ${message} ${hint}`);
    process.exit(2);
  });
}
const { result } = await runPlan(shortened, {
  runsRoot,
  cwd: process.cwd(),
  signal: new AbortController().signal,
  handOver: new AbortController().signal,
  commandLine: 'plimsoll run',
  onDirectory: async ({ path }) => void say(`directory ${path}`),
  onEvent: ({ type }) => say(`event ${type}`),
});
for (const { code, message } of result.warnings) say(`warning ${code} ${message}`);
say(`verdict ${result.verdict}: ${result.sentence}`);
process.exitCode = result.exitCode;
