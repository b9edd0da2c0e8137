import { PlimsollError } from '../support/errors.js';
import type { CommandDefinition } from './command.js';
import { loadPlans, type PlanOptions } from './load-plan.js';
import { parseReporters } from './reporter-order.js';
import { runOne } from './run-one.js';

interface CalibrateFlags extends PlanOptions {
  pairs: string;
  out: string;
  profile?: string;
  json?: boolean;
  quiet?: boolean;
}

export default {
  register(program, context) {
    program
      .command('calibrate')
      .description('run a scenario with nothing broken, and write down how noisy its system is by itself')
      .argument('<file>', 'a scenario file')
      .option('--pairs <number>', 'pairs of windows: an even number', '10')
      .option('--profile <file>', 'where the noise profile goes; default: beside the scenario, where runs find it')
      .option('--out <folder>', 'where run directories are made', 'reports')
      .option('--json', 'print the profile as one JSON document')
      .option('--quiet', 'no progress, only the result')
      .option('--seed <number>', "another seed than the scenario's")
      .option('--allow-host <host>', 'a host outside loopback that the load may reach (repeatable)', collect, [])
      .action(async (file: string, flags: CalibrateFlags) => {
        const pairs = pairsOf(flags.pairs);
        const [plan, another] = await loadPlans([file], { ...flags, noise: false }, context);
        if (!plan || another) {
          throw new PlimsollError({
            kind: 'usage',
            code: 'one_scenario',
            message: 'calibrate takes one scenario file',
          });
        }
        const [{ calibrationPlan }, { noiseOfRun }, { writeProfile }, { falseAlarmText }] = await Promise.all([
          import('../run/calibration-plan.js'),
          import('../result/noise-of-run.js'),
          import('../plan/write-noise.js'),
          import('../verdict/calibrate.js'),
        ]);
        const aa = calibrationPlan(plan, pairs);
        const { directory, stopped, result } = await runOne(
          aa,
          parseReporters([], false, {}).filter(({ name }) => name === 'html'),
          flags,
          context,
          undefined,
        );
        if (stopped) {
          context.setExitCode(result.exitCode);
          return;
        }
        const { windows, slos } = noiseOfRun(directory, pairs, plan.seed);
        const { path, profile } = writeProfile({
          plan: aa,
          scenario: plan.scenario.name,
          windows,
          slos,
          path: flags.profile,
        });
        if (flags.json) context.out(`${JSON.stringify(profile, null, 2)}\n`);
        else {
          for (const [name, noise] of Object.entries(slos)) {
            context.out(
              `${name}: design effect ${noise.designEffect.toFixed(2)}, autocorrelation ${noise.rho.toFixed(2)}, between windows ${noise.betweenWindowsSd.toPrecision(2)}; ${falseAlarmText(noise.falseAlarms)}\n`,
            );
          }
          context.out(`Noise profile: ${path}\n`);
        }
      });
  },
} satisfies CommandDefinition;

function pairsOf(text: string): number {
  const pairs = Number(text);
  if (Number.isInteger(pairs) && pairs >= 2 && pairs <= 40 && pairs % 2 === 0) return pairs;
  throw new PlimsollError({
    kind: 'usage',
    code: 'bad_pairs',
    message: `--pairs ${text} is not an even number from 2 to 40`,
    hint: 'Ten pairs are the least that tell much.',
  });
}

function collect(value: string, previous: string[]): string[] {
  return [...previous, value];
}
