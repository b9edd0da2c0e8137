import { z } from 'zod';
import type { Proof } from '../record/proof.js';
import { availableCores, cpuTimeMsOf } from '../targets/machine.js';
import { hasProc } from '../targets/process.js';
import { systemClock } from '../support/clock.js';
import { PlimsollError } from '../support/errors.js';
import { share } from '../support/unit-schemas.js';
import { formatRatio } from '../support/units.js';
import { defineFault } from './fault.js';
import { HelperProcess, endRecord, proveHelpersGone } from './shared/helper-process.js';

const settings = z.strictObject({
  share: share
    .refine((ratio) => ratio >= 0.05, 'must be at least 5%: less can not be told from nothing')
    .describe('The share of a core that is used up, on each of `cores`; never more'),
  cores: z
    .number()
    .int('must be a whole number of cores')
    .min(1)
    .default(1)
    .describe('How many cores are stressed; at most as many as Plimsoll may use'),
});

const START_LIMIT_MS = 5000;
const MEASURED_MS = 1000;
/** A busy machine may give less than half for a moment; not always. */
const TRIES = 3;
/** Beyond the stated share, in shares of a core: what ticks and the start of the window may add. */
const MOST_ABOVE = 0.1;

export default defineFault({
  type: 'cpu-stress',
  title: 'CPU stress',
  family: 'machine',
  description:
    'Processes of our own use up CPU time on this machine, as does a noisy neighbour, a backup or a compiler on the same host. ' +
    'It shows whether deadlines and pools still fit when everything takes a little longer. ' +
    'One process for each core works in short bursts up to its share and never takes more; all end with the fault, and with Plimsoll however it ends. ' +
    'The system under test and the load must run on this machine, and the load suffers too: its own health is watched, and a starved driver makes the verdict inconclusive.',
  settings,
  duration: 'lasting',
  example: '- { type: cpu-stress, share: 50%, cores: 1, for: 10s }',
  refersTo: () => ({ links: [], services: [] }),
  async prepare(given, context) {
    checkMachine(given.cores);
    const cores = given.cores === 1 ? 'one core' : `each of ${given.cores} cores`;
    const what = `${formatRatio(given.share)} of ${cores}`;
    const helpers: HelperProcess[] = [];
    const undo: ReturnType<typeof endRecord>[] = [];
    return Promise.resolve({
      summary: `use up ${what} of this machine`,
      targets: [{ kind: 'machine', name: 'this machine', detail: `${given.cores} of ${availableCores()} cores` }],
      undo,
      undoWords: [
        `end the ${given.cores === 1 ? 'process' : `${given.cores} processes`} that use${given.cores === 1 ? 's' : ''} it up`,
      ],
      async arm(signal) {
        for (let n = 0; n < given.cores; n++) {
          const helper = await HelperProcess.start('cpu', { share: given.share }, signal);
          helpers.push(helper);
          undo.push(endRecord(context.id, n, helper, 'end the process that uses up CPU time'));
        }
      },
      async inject(signal) {
        for (const helper of helpers) {
          signal.throwIfAborted();
          helper.go();
        }
        for (const helper of helpers) await helper.said(/^working$/, START_LIMIT_MS, signal);
      },
      async prove(signal) {
        let proof = await measure(helpers, given.share, signal);
        for (let n = 1; n < TRIES && proof.status !== 'confirmed'; n++)
          proof = await measure(helpers, given.share, signal);
        return proof;
      },
      proveUndone: async () => proveHelpersGone(helpers),
    });
  },
});

function checkMachine(cores: number): void {
  if (!hasProc()) {
    throw new PlimsollError({
      code: 'no_proc',
      message: `cpu-stress cannot be measured on ${process.platform}: there is no /proc`,
      hint: 'It needs Linux; `plimsoll doctor` lists what works here.',
      kind: 'usage',
    });
  }
  const available = availableCores();
  if (cores <= available) return;
  throw new PlimsollError({
    code: 'too_many_cores',
    message: `cpu-stress asks for ${cores} cores, but Plimsoll may use ${available} on this machine`,
    hint: `Write \`cores: ${available}\` or fewer.`,
    kind: 'usage',
  });
}

/** CPU time of the helpers, from the kernel, over about a second. */
async function measure(helpers: readonly HelperProcess[], stated: number, signal: AbortSignal): Promise<Proof> {
  const method = 'CPU time of the helper processes in /proc, over a second';
  const used = (): (number | undefined)[] => helpers.map(({ identity }) => cpuTimeMsOf(identity.pid));
  const beganUs = systemClock.nowUs();
  const before = used();
  await systemClock.sleep(MEASURED_MS, signal);
  const after = used();
  const tookMs = (systemClock.nowUs() - beganUs) / 1000;
  const shares = after.map((now, n) => (now === undefined ? 0 : (now - (before[n] ?? now)) / tookMs));
  const fits = shares.every((found) => found >= stated / 2 && found <= stated + MOST_ABOVE);
  return {
    status: fits ? 'confirmed' : 'mismatch',
    method,
    finding: `${shares.map((found) => formatRatio(found, 0)).join(', ')} of a core used up, ${formatRatio(stated, 0)} stated`,
    measured: {
      leastShare: Number(Math.min(...shares).toFixed(3)),
      mostShare: Number(Math.max(...shares).toFixed(3)),
      statedShare: stated,
      tookMs: Math.round(tookMs),
    },
  };
}
