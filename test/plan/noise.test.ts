import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findNoise, machineName, noiseFileBeside } from '../../src/plan/noise.js';
import type { Plan } from '../../src/plan/plan.js';
import type { NoiseProfileFile } from '../../src/verdict/noise-profile.js';
import { availability } from '../verdict/arrivals.js';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'plimsoll-noise-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NOW = new Date('2026-03-04T00:00:00Z');
const streams = [{ name: 'main', model: 'open', ratePerSecond: 100 }] as unknown as Plan['load']['streams'];

function profile(change: Partial<NoiseProfileFile> = {}): NoiseProfileFile {
  return {
    plimsollNoise: 1,
    scenario: 'x',
    createdAt: '2026-03-01T00:00:00Z',
    machine: machineName(),
    load: { main: 100 },
    windowS: 20,
    windows: 20,
    slos: {
      [availability.name]: {
        indicator: availability.indicatorText,
        designEffect: 4,
        rho: 0.1,
        burstLengthS: 2,
        episodesPerHour: 3,
        episodeSize: 10,
        betweenWindowsSd: 0.001,
        level: 0.01,
        windowSe: 0.002,
        windowArrivals: 2000,
        falseAlarms: { pairs: 200, failed: 1, passed: 150, pointRuleFailed: 60 },
      },
    },
    ...change,
  };
}

function found(content: unknown, named?: string) {
  const scenarioFile = join(folder, 'x.yaml');
  writeFileSync(noiseFileBeside(scenarioFile), JSON.stringify(content));
  return findNoise({ scenarioFile, named, streams, slos: [availability], now: NOW });
}

describe('finding a noise profile', () => {
  it('uses the one beside the scenario, and says so', () => {
    const { profiles, warnings } = found(profile());
    expect(profiles).toEqual({ availability: { deffFloor: 4, burstLengthS: 2, betweenWindowsSd: 0.001 } });
    expect(warnings.map(({ code }) => code)).toEqual(['noise_profile_used']);
  });

  it.each([
    ['an old one', { createdAt: '2026-01-01T00:00:00Z' }, /62 days old/],
    ['one from another machine', { machine: '64 × fast' }, /another machine \(64 × fast\)/],
    ['one of another load', { load: { main: 70 } }, /driven with 70 then and 100 now/],
  ])('does not use %s, and names the command for a new one', (_, change, why) => {
    const { profiles, warnings } = found(profile(change));
    expect(profiles).toEqual({});
    expect(warnings[0]?.code).toBe('noise_profile_not_used');
    expect(warnings[0]?.message).toMatch(why);
    expect(warnings[0]?.message).toContain('plimsoll calibrate');
  });

  it('is nothing where there is none, and an error where the named one is missing or damaged', () => {
    const options = { scenarioFile: join(folder, 'other.yaml'), streams, slos: [availability], now: NOW };
    expect(findNoise({ ...options, named: undefined })).toEqual({ profiles: {}, file: undefined, warnings: [] });
    expect(() => findNoise({ ...options, named: 'nowhere.json' })).toThrow('cannot be read');
    expect(() => found({ plimsollNoise: 2 })).toThrow('cannot be read');
  });
});
