import { writeFileSync } from 'node:fs';
import { systemClock } from '../support/clock.js';
import type { NoiseProfileFile, SloNoise } from '../verdict/noise-profile.js';
import { loadOf, machineName, noiseFileBeside } from './noise.js';
import type { Plan } from './plan.js';

/** Writes a noise profile where a run of the scenario finds it, or to `path`. */
export function writeProfile(options: {
  plan: Plan;
  scenario: string;
  windows: number;
  slos: Record<string, SloNoise>;
  path: string | undefined;
}): { path: string; profile: NoiseProfileFile } {
  const { plan, scenario, windows, slos } = options;
  const path = options.path ?? noiseFileBeside(plan.scenario.file);
  const profile: NoiseProfileFile = {
    plimsollNoise: 1,
    scenario,
    createdAt: systemClock.wall().toISOString(),
    machine: machineName(),
    load: loadOf(plan.load.streams),
    windowS: plan.phases.baselineMs / 1000,
    windows,
    slos,
  };
  writeFileSync(path, `${JSON.stringify(profile, null, 2)}\n`);
  return { path, profile };
}
