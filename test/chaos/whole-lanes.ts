import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { registerFolder } from '../../src/run/register.js';
import { openLane, type Lane } from './lane.js';
import { tinyDisk } from './tiny-disk.js';
import { wholeCampaign, type Kill } from './whole-campaign.js';

export interface LaneKind {
  real: boolean;
  docker?: boolean;
  /** The disk with the run directory fills up while faults are active. */
  fullDisk?: boolean;
}

/** Runs and kills on several lanes side by side, with a register of their own; at the end it must be empty. */
export async function killWholeRuns(kinds: readonly LaneKind[], runsEach: number, seed: number): Promise<Kill[]> {
  const state = process.env['XDG_STATE_HOME'];
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-chaos-'));
  process.env['XDG_STATE_HOME'] = folder;
  const opened: Lane[] = [];
  try {
    // All of them first: to make containers holds this process up.
    for (const [number, { real, docker = false }] of kinds.entries())
      opened.push(await openLane({ real, docker, number }));
    const all = await Promise.allSettled(
      opened.map(async (lane, number) => {
        using disk = kinds[number]?.fullDisk ? tinyDisk(lane.folder) : undefined;
        return await wholeCampaign(lane, runsEach, seed + number, disk);
      }),
    );
    for (const one of all) if (one.status === 'rejected') throw one.reason;
    await expect.poll(() => readdirSync(registerFolder()), { timeout: 10_000 }).toEqual([]);
    return all.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  } finally {
    for (const lane of opened) await lane[Symbol.asyncDispose]();
    if (state === undefined) delete process.env['XDG_STATE_HOME'];
    else process.env['XDG_STATE_HOME'] = state;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** In one line, for the log of a test. */
export function tally(kills: readonly Kill[]): string {
  const took = kills.flatMap(({ cleanAfterMs }) => cleanAfterMs ?? []).sort((a, b) => a - b);
  const count = (part: string): number => kills.filter(({ killed }) => killed.some((one) => one === part)).length;
  const parts = ['conductor', 'watchdog', 'proxy', 'driver'].map((part) => `${part} ${count(part)}`).join(', ');
  const ms = (at: number): string => `${took[Math.min(took.length - 1, Math.floor(took.length * at))]?.toFixed(0)} ms`;
  return `${kills.length} runs, killed: ${parts}; clean after the watchdog's work (${took.length}): median ${ms(0.5)}, 95% ${ms(0.95)}, max ${ms(1)}`;
}
