// Whole scenarios through the command line, as a user runs them, several at a time where that disturbs none of them.
// Where this user may make network namespaces (Linux, root) each has a loopback, and so all ports, of its own.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/** Strain the whole machine, or measure it: nothing may run beside them. */
export const ALONE = /^(capacity|cpu-stress|memory-stress|disk-fill)\./;

/** How often a run without a verdict is tried. */
export const TRIES = 3;

export const onCompose = (file) => /^(container|compose)-/.test(basename(file));

/** What a run broke: SLOs that failed, and invariants that were violated, by name. */
export function brokenBy({ slos, invariants = [] }) {
  return [
    ...slos.filter(({ verdict }) => verdict === 'failed'),
    ...invariants.filter(({ held }) => held === false),
  ].map(({ name }) => name);
}

/** What a run with a verdict on other SLOs could not judge, by name; one that judged nothing at all says nothing. */
export function unjudgedBy({ verdict, slos }) {
  const unjudged = slos.filter((slo) => slo.verdict === 'inconclusive');
  return verdict === 'inconclusive' && unjudged.length < slos.length ? unjudged.map(({ name }) => name) : [];
}

/** Did the run find the defect that it is there to find: the right exit code, for one of the right reasons? */
export function found({ code, result }, { breaks, exit = 1 }) {
  const reasons = exit === 1 ? brokenBy(result) : unjudgedBy(result);
  return code === exit && reasons.some((name) => breaks.includes(name));
}

/** How many scenarios can run at a time here. */
export function lanesHere(wanted) {
  return Number(wanted ?? (spawnSync('unshare', ['--net', 'ip', 'link', 'set', 'lo', 'up']).status === 0 ? 2 : 1));
}

/** Ended as it should, every fault proven and proven gone, and still no verdict. */
export function isUndecided({ code, result }) {
  return (
    code === 3 &&
    result.verdict === 'inconclusive' &&
    result.cleanup?.proven === true &&
    result.faults.every(({ proof, undoProof }) => proof?.status === 'confirmed' && undoProof?.status === 'confirmed')
  );
}

/**
 * A job is `{ file, defect? , exit? }`: a scenario, on the sound shop or on one with a defect. `end` removes what the runs
 * left behind.
 */
export function scenarioRunner(lanes) {
  const runs = mkdtempSync(join(tmpdir(), 'plimsoll-scenarios-'));

  /** Begun together, so that the start of one never falls into what another one measures, and all waited for. */
  async function runTogether(batch, conclude) {
    const firstRuns = batch.length === 1 ? [] : await Promise.all(batch.map(runScenario));
    for (const [index, job] of batch.entries()) conclude(job, await decided(job, firstRuns[index]));
  }

  /**
   * Inconclusive is no verdict: a machine with other guests may starve the load driver, and the run says so. Then it is run
   * again, alone, at most twice, and every try is told. A failure is never tried again.
   */
  async function decided(job, firstRun) {
    for (let attempt = 1; ; attempt++) {
      const run = (attempt === 1 && firstRun) || (await runScenario(job));
      // What was errored beside another run may be the machine's doing ("cannot drive"); alone, it counts.
      const again =
        run.code === 3 &&
        !(job.exit === 3 && found(run, job)) &&
        (run.result.verdict === 'inconclusive' || run === firstRun);
      if (!again || attempt === TRIES) return { ...run, tries: attempt };
      const { verdict = 'no result', sentence } = run.result;
      console.log(`${verdict}  ${job.file}, try ${attempt}, runs again: ${sentence}`);
    }
  }

  /**
   * With a network of its own where there are lanes, also at a later try, since the composed shop may be up; then with a
   * register of its own too: the same port is not the same target.
   */
  function runScenario({ file, defect }) {
    const ownNetwork = lanes > 1 && !onCompose(file);
    const began = process.hrtime.bigint();
    const folder = mkdtempSync(join(runs, 'run-'));
    const plimsoll = [process.execPath, 'dist/cli.js', 'run', file, '--out', folder];
    const [program, ...argv] = ownNetwork
      ? ['unshare', '--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...plimsoll]
      : plimsoll;
    return new Promise((resolve, reject) => {
      const child = spawn(program, argv, {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env,
          ...(defect ? { SHOP_DEFECTS: defect } : {}),
          // What a scenario keeps in TMPDIR is not shared with the one beside it either.
          ...(ownNetwork ? { XDG_STATE_HOME: join(folder, 'state'), TMPDIR: folder } : {}),
        },
      });
      let output = '';
      child.stdout.on('data', (chunk) => (output += chunk));
      child.stderr.on('data', (chunk) => (output += chunk));
      child.once('error', reject);
      child.once('close', (code, signal) => {
        const seconds = Number((process.hrtime.bigint() - began) / 1_000_000_000n);
        resolve({ code: code ?? signal, output, seconds, result: readResult(folder) });
      });
    });
  }

  return { runTogether, end: () => rmSync(runs, { recursive: true, force: true }) };
}

function readResult(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, 'latest', 'result.json'), 'utf8'));
  } catch {
    return { slos: [], faults: [] };
  }
}
