import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { PlimsollError, messageOf } from '../support/errors.js';
import { profileOf } from '../verdict/calibrate.js';
import type { NoiseProfile } from '../verdict/input.js';
import { NoiseProfileFile } from '../verdict/noise-profile.js';
import type { Plan } from './plan.js';

const OLD_DAYS = 30;
const LOAD_DIFFERS = 0.2;

/** Where `calibrate` writes the profile of a scenario, and where a run looks for it. */
export function noiseFileBeside(scenarioFile: string): string {
  return join(dirname(scenarioFile), `${basename(scenarioFile).replace(/\.(ya?ml|json)$/i, '')}.noise.json`);
}

/** The machine as a profile names it. */
export function machineName(): string {
  const all = cpus();
  return `${all.length} × ${all[0]?.model.trim() ?? 'unknown'}`;
}

/** The load as a profile names it: arrivals a second, or users, by stream. */
export function loadOf(streams: Plan['load']['streams']): Record<string, number> {
  return Object.fromEntries(
    streams.map((stream) => [stream.name, stream.model === 'open' ? stream.ratePerSecond : stream.users]),
  );
}

export interface FoundNoise {
  profiles: Record<string, NoiseProfile>;
  file: NoiseProfileFile | undefined;
  warnings: Plan['warnings'];
}

/**
 * The noise profile of a scenario: the file it names, else the one beside it. One that is old, or from another machine or
 * load, is not used: the warning says why, and the command that makes a new one.
 *
 * @throws PlimsollError `noise_unreadable` for a file that is named and missing, or is no profile
 */
export function findNoise(options: {
  scenarioFile: string;
  /** As the scenario names it. */
  named: string | undefined;
  streams: Plan['load']['streams'];
  slos: Plan['slos'];
  now: Date;
}): FoundNoise {
  const { scenarioFile, named, streams, slos, now } = options;
  const nothing: FoundNoise = { profiles: {}, file: undefined, warnings: [] };
  const path = named === undefined ? noiseFileBeside(scenarioFile) : join(dirname(scenarioFile), named);
  if (named === undefined && !existsSync(path)) return nothing;
  const file = readProfile(path);
  const again = `run: plimsoll calibrate ${scenarioFile}`;
  const ageDays = (now.getTime() - Date.parse(file.createdAt)) / 86_400_000;
  const load = loadOf(streams);
  const differs = Object.entries(load).find(([name, amount]) => {
    const before = file.load[name];
    return before === undefined || Math.abs(amount - before) > LOAD_DIFFERS * Math.max(amount, before);
  });
  const why =
    ageDays > OLD_DAYS
      ? `it is ${Math.floor(ageDays)} days old`
      : file.machine !== machineName()
        ? `it is from another machine (${file.machine})`
        : differs
          ? `stream ${differs[0]} was driven with ${file.load[differs[0]] ?? 'nothing'} then and ${differs[1]} now`
          : undefined;
  if (why !== undefined) {
    return {
      ...nothing,
      warnings: [
        { code: 'noise_profile_not_used', message: `the noise profile ${path} is not used: ${why}; ${again}` },
      ],
    };
  }
  const mine = slos.filter((slo) => file.slos[slo.name]?.indicator === slo.indicatorText);
  const profiles = Object.fromEntries(
    mine.flatMap((slo): [string, NoiseProfile][] => {
      const noise = file.slos[slo.name];
      return noise ? [[slo.name, profileOf(noise)]] : [];
    }),
  );
  const missing = slos.filter((slo) => !mine.includes(slo)).map(({ name }) => name);
  return {
    profiles,
    file,
    warnings: [
      {
        code: 'noise_profile_used',
        message: `judged with the noise profile ${path} of ${file.createdAt.slice(0, 10)} (${file.windows} windows with nothing broken)`,
      },
      ...(missing.length === 0
        ? []
        : [
            {
              code: 'noise_profile_incomplete',
              message: `the noise profile knows nothing of ${missing.join(', ')}; ${again}`,
            },
          ]),
    ],
  };
}

function readProfile(path: string): NoiseProfileFile {
  try {
    return NoiseProfileFile.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw new PlimsollError({
      kind: 'usage',
      code: 'noise_unreadable',
      message: `the noise profile ${path} cannot be read: ${messageOf(error).slice(0, 200)}`,
      hint: 'Write it with plimsoll calibrate, or take `noise` out of the scenario.',
      cause: error,
    });
  }
}
