import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Proof } from '../../record/proof.js';
import type { ProcessIdentity, UndoRecord } from '../../record/undo.js';
import { identityOf, isAlive, waitUntilGone } from '../../targets/process.js';
import { systemClock } from '../../support/clock.js';
import { PlimsollError } from '../../support/errors.js';

/** Compiled code next to this file; when this file itself runs uncompiled (in tests), that of the build. */
const ENTRY = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../../../dist/faults/shared/stress-process.js' : './stress-process.js',
    import.meta.url,
  ),
);
const START_LIMIT_MS = 15_000;
const GONE_LIMIT_MS = 1000;

/** A process of our own that does harm as long as it lives: it waits for `go`, and ends when its stdin closes. */
export class HelperProcess {
  readonly #lines: string[] = [];
  #ended: string | undefined;

  private constructor(
    readonly identity: ProcessIdentity,
    private readonly child: ChildProcess,
  ) {}

  /**
   * Starts it; it does no harm yet. It gives up with this process, whose end closes its stdin, and is in a group of its
   * own, so that Ctrl-C does not end it before the fault is undone in order.
   *
   * @param kind of stress, with its settings: see `stress-process.ts`
   * @throws PlimsollError `helper_failed`
   */
  static async start(
    kind: string,
    settings: Record<string, number | string | boolean>,
    signal: AbortSignal,
  ): Promise<HelperProcess> {
    signal.throwIfAborted();
    const child = spawn(process.execPath, [ENTRY, kind, JSON.stringify(settings)], {
      detached: true,
      cwd: '/',
      // What is freed goes back to the kernel at once, however often it was.
      env: { MALLOC_MMAP_THRESHOLD_: '1048576' },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    let failure: string | undefined;
    child.once('error', (error) => (failure = error.message));
    child.stdin?.on('error', () => undefined);
    const identity = child.pid === undefined ? undefined : identityOf(child.pid);
    if (!identity) {
      await systemClock.sleep(10);
      throw failed(kind, failure ?? 'it ended at once');
    }
    const helper = new HelperProcess(identity, child);
    helper.#listen();
    try {
      await helper.said(/^ready$/, START_LIMIT_MS, signal);
    } catch (error) {
      helper.end();
      throw error;
    }
    return helper;
  }

  /** Tells it to begin. */
  go(): void {
    this.child.stdin?.write('go\n');
  }

  /** Waits for a line that it says. @throws PlimsollError `helper_failed` if it ends, or does not say it in time. */
  async said(pattern: RegExp, timeLimitMs: number, signal?: AbortSignal): Promise<string> {
    const untilUs = systemClock.nowUs() + timeLimitMs * 1000;
    for (;;) {
      const found = this.#lines.find((line) => pattern.test(line));
      if (found !== undefined) return found;
      const last = this.#lines.at(-1);
      if (this.#ended !== undefined) throw failed(this.identity.pid, last ?? this.#ended);
      if (systemClock.nowUs() >= untilUs) throw failed(this.identity.pid, last ?? 'it says nothing');
      await systemClock.sleep(5, signal);
    }
  }

  /** The last line so far that fits, undefined if none does. */
  lastLine(pattern: RegExp): RegExpExecArray | undefined {
    const line = this.#lines.findLast((one) => pattern.test(one));
    return line === undefined ? undefined : (pattern.exec(line) ?? undefined);
  }

  /** What it said last, or how it ended. */
  get lastWord(): string {
    return this.#ended ?? this.#lines.at(-1) ?? '';
  }

  /** Ends it without the journal: for one that never began. */
  end(): void {
    this.child.stdin?.end();
  }

  #listen(): void {
    const { child } = this;
    child.once('exit', (code, by) => (this.#ended = by ? `ended by ${by}` : `ended with exit code ${code}`));
    if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => this.#lines.push(line));
    // A helper must not keep a run alive that is over otherwise.
    child.unref();
    for (const stream of [child.stdin, child.stdout]) (stream as Partial<{ unref(): void }> | null)?.unref?.();
  }
}

/**
 * The undo of a helper: its end.
 *
 * @param timeLimitMs longer for one that holds so much that the kernel needs time to free it.
 */
export function endRecord(
  faultId: string,
  position: number,
  helper: HelperProcess,
  words: string,
  timeLimitMs = 3000,
): UndoRecord {
  const { identity } = helper;
  return {
    kind: 'end-helper',
    id: `${faultId}/${position}`,
    fault: faultId,
    words: `${words} (pid ${identity.pid})`,
    byHand: `kill -KILL ${identity.pid}`,
    timeLimitMs,
    process: identity,
  };
}

/** Gone is what has no process any more: neither with these pids nor with these start times. */
export async function proveHelpersGone(helpers: readonly HelperProcess[]): Promise<Proof> {
  for (const { identity } of helpers) await waitUntilGone(identity, GONE_LIMIT_MS);
  const alive = helpers.filter(({ identity }) => isAlive(identity)).map(({ identity }) => identity.pid);
  return {
    status: alive.length === 0 ? 'confirmed' : 'mismatch',
    method: 'pid and start time in /proc',
    finding:
      alive.length === 0
        ? `${helpers.length === 1 ? 'the helper process is' : `all ${helpers.length} helper processes are`} gone`
        : `still alive: pid ${alive.join(', ')}`,
    measured: { alive: alive.length, started: helpers.length },
  };
}

function failed(which: string | number, reason: string): PlimsollError {
  return new PlimsollError({
    code: 'helper_failed',
    message: `the helper process ${which} of the fault did not do its part: ${reason}`,
    hint: 'Is there a limit on processes or memory here (ulimit, control group)?',
  });
}
