import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect } from 'vitest';
import { readJournal } from '../../src/run/journal.js';
import { RegisterEntry, registerFolder } from '../../src/run/register.js';
import { random, type Random } from '../../src/support/random.js';
import { identityOf } from '../../src/targets/process.js';
import type { Lane } from './lane.js';
import { startWholeRun, type WholeRun } from './whole-run-process.js';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
/** The load reports once a second, and a baseline without an answer would end the run before its faults. */
const PHASES = { warmupMs: 0, baselineMs: 1300, faultMs: 400, recoveryMs: 100 };
/** What the kill waits for, and up to how many milliseconds longer. */
const MOMENTS: [string, number][] = [
  ['directory', 800],
  ['event plan.resolved', 1500],
  ['event fault.requested', 30],
  ['event fault.requested', 300],
  ['event fault.injected', 200],
  ['event fault.proven', 400],
  ['event undo.requested', 30],
  ['event undo.done', 60],
];

type Part = 'conductor' | 'watchdog' | 'proxy' | 'driver';

/** What became of one run. */
export interface Kill {
  killed: Part[];
  moment: string;
  faults: string[];
  /** From the kill until no fault was left; only where the watchdog cleans up. */
  cleanAfterMs?: number;
}

/** Something done to a run beside the killing of its parts, from a moment on until the check is over. */
export interface Trouble {
  runsRoot: string;
  begin(): void;
  end(): void;
}

/**
 * Starts `runs` whole runs on a lane, one after another, and kills parts of them at seeded random moments: any of
 * conductor, watchdog, embedded proxy and load driver, in any order. Afterwards nothing may be left and no stranger
 * touched: after the watchdog's work, after one `recover` where it died too, or after the run's own end.
 */
export async function wholeCampaign(lane: Lane, runs: number, seed: number, trouble?: Trouble): Promise<Kill[]> {
  const chance = random(seed, 'whole runs');
  const strangers = await lane.strangers();
  const kills: Kill[] = [];
  for (let n = 0; n < runs; n++) {
    kills.push(await oneRun(lane, `run-${n}`, chance, trouble));
    expect(await lane.strangers(), `strangers after ${words(kills.at(-1))}`).toEqual(strangers);
  }
  return kills;
}

async function oneRun(lane: Lane, name: string, chance: Random, trouble: Trouble | undefined): Promise<Kill> {
  const scenario = lane.scenario(chance);
  const [moment, within] = MOMENTS[chance.int(MOMENTS.length)]!;
  const afterMs = chance.next() * within;
  const victims = chooseVictims(chance);
  const root = trouble?.runsRoot ?? join(lane.folder, name);
  const run = startWholeRun({
    scenario,
    runsRoot: root,
    phases: PHASES,
    environment: { [lane.mark.name]: lane.mark.value },
  });
  try {
    const reached = await Promise.race([run.saw(moment), run.ended.then(() => false)]);
    if (!reached) {
      expect(await lane.faultsLeft(), `${name} ended before ${moment}: ${run.output()}`).toEqual([]);
      return { killed: [], moment: 'ended before', faults: types(scenario) };
    }
    trouble?.begin();
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    const killed = victims.filter((part) => kill(part, run));
    const kills: Kill = { killed, moment: `${moment} + ${Math.round(afterMs)} ms`, faults: types(scenario) };
    const what = `${name}: ${words(kills)}\n${run.output()}`;
    const killedAt = performance.now();
    if (killed.includes('conductor')) {
      await run.ended;
      if (killed.includes('watchdog')) {
        await recoverDead(run, what);
        expect(await lane.faultsLeft(), `after recover, ${what}`).toEqual([]);
      } else {
        kills.cleanAfterMs = await untilClean(lane, killedAt, what);
      }
    } else {
      const exitCode = await run.ended;
      expect(exitCode, what).not.toBe(4);
      expect(exitCode, what).not.toBe('SIGKILL');
      expect(await lane.faultsLeft(), `after its own end with ${exitCode}, ${what}\n${run.output()}`).toEqual([]);
    }
    await expect
      .poll(() => lane.partsLeft().map(describe), { timeout: 10_000, message: `parts left, ${what}` })
      .toEqual([]);
    return kills;
  } finally {
    trouble?.end();
    for (const pid of lane.partsLeft()) process.kill(pid, 'SIGKILL');
    rmSync(root, { recursive: true, force: true });
  }
}

function chooseVictims(chance: Random): Part[] {
  const parts: [Part, number][] = [
    ['conductor', 0.7],
    ['watchdog', 0.4],
    ['proxy', 0.3],
    ['driver', 0.3],
  ];
  const chosen = parts.filter(([, share]) => chance.next() < share).map(([part]) => part);
  // The order is drawn too: a watchdog that dies after its conductor may have begun its work.
  return chance.pick(chosen.length > 0 ? chosen : (['conductor'] as const), 4);
}

/** False where the part is not there yet, or not there any more. */
function kill(part: Part, run: WholeRun): boolean {
  const pid = part === 'conductor' ? run.child.pid : pidOf(part, run.directory());
  if (pid === undefined || identityOf(pid) === undefined) return false;
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}

function pidOf(part: Part, directory: string): number | undefined {
  if (part === 'watchdog') return entryOf(directory)?.watchdog.pid;
  const { pending } = readJournal(join(directory, 'journal.ndjson'));
  const record = pending.find(
    (one) => one.kind === 'end-group' && one.label.includes(part === 'proxy' ? 'embedded proxy' : 'load'),
  );
  return record?.kind === 'end-group' ? record.process.pid : undefined;
}

function entryOf(directory: string): RegisterEntry | undefined {
  const runId = directory.split('-').at(-1) ?? '';
  try {
    return RegisterEntry.parse(JSON.parse(readFileSync(join(registerFolder(), `${runId}.json`), 'utf8')));
  } catch {
    return undefined;
  }
}

async function recoverDead(run: WholeRun, what: string): Promise<void> {
  const entry = entryOf(run.directory());
  if (!entry) return;
  while (identityOf(entry.watchdog.pid)) await new Promise((resolve) => setTimeout(resolve, 5));
  // A process of its own, as people do it; this one here is busy with its lanes.
  const { exitCode, all } = await execa(process.execPath, [CLI, 'recover', '--run', entry.runId], {
    reject: false,
    all: true,
  });
  expect(exitCode, `recover said: ${all}; ${what}`).toBe(0);
}

async function untilClean(lane: Lane, sinceMs: number, what: string): Promise<number> {
  for (;;) {
    const left = await lane.faultsLeft();
    const tookMs = performance.now() - sinceMs;
    if (left.length === 0) return tookMs;
    if (tookMs > 15_000) throw new Error(`still there after 15 s, ${what}: ${left.join('; ')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function types(scenario: Record<string, unknown>): string[] {
  return (scenario['faults'] as { type: string }[]).map(({ type }) => type);
}

function describe(pid: number): string {
  try {
    return `${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`;
  } catch {
    return `${pid}`;
  }
}

function words(kill: Kill | undefined): string {
  return kill ? `${kill.killed.join(', ')} killed at ${kill.moment}, faults ${kill.faults.join(', ')}` : '';
}
