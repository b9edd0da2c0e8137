import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { defects } from '../shared/defects.js';
import type { Logger } from '../shared/log.js';
import { launch, type ProcessSpec } from './launch.js';

/** Keeps processes alive: one that ends is started again, at once the first time and ever later if it keeps ending. */
export interface Supervisor {
  /** Resolves when every process has reported that it listens; rejects when one keeps ending before it does. */
  listening: Promise<void>;
  /** A successor takes over from a process. Rejects where it does not come up: then the old one stays. */
  reload(name: string): Promise<{ was: number; is: number }>;
  /** Starts a process again that has ended and was not brought back. */
  start(name: string): void;
  /** SIGTERM to one after the other, in the order given; SIGKILL to what is left when the time is over. */
  stop(limitMs: number): Promise<void>;
}

/** @throws Error from `reload` and `start`, where there is no process of that name. */
export function supervise(specs: ProcessSpec[], log: Logger): Supervisor {
  const wards = specs.map((spec) => new Ward(spec, log));
  const named = (name: string): Ward => {
    const ward = wards[specs.findIndex((spec) => spec.name === name)];
    if (!ward) throw new Error(`there is no process "${name}"; known: ${specs.map((spec) => spec.name).join(', ')}`);
    return ward;
  };
  return {
    listening: Promise.all(wards.map((ward) => ward.listening)).then(() => undefined),
    reload: async (name) => named(name).reload(),
    start: (name) => named(name).startAgain(),
    async stop(limitMs) {
      for (const ward of wards) ward.release();
      const force = setTimeout(() => wards.forEach((ward) => ward.kill('SIGKILL')), limitMs);
      for (const ward of wards) {
        ward.kill('SIGTERM');
        await ward.gone;
      }
      clearTimeout(force);
    },
  };
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;
/** Whoever lived this long has recovered: the next pause is short again. */
const GOOD_LIFE_MS = 5_000;
const ATTEMPTS_TO_START = 3;
/** A successor that does not listen by then is given up. */
const RELOAD_LIMIT_MS = 10_000;

/** One process and its successors. */
class Ward {
  readonly listening: Promise<void>;
  /** Resolves when the process has ended and no successor will come. */
  readonly gone: Promise<void>;
  /** The one that counts: when it ends, another one is started. */
  private current: ChildProcess | undefined;
  /** That one, and those that come up or drain. */
  private readonly living = new Set<ChildProcess>();
  private pauseMs = FIRST_PAUSE_MS;
  private pause: NodeJS.Timeout | undefined;
  private released = false;
  private reloads: Promise<unknown> = Promise.resolve();
  private readonly defects = defects();
  private everListened = false;
  private failures = 0;
  private lives = 0;
  private reportListening!: () => void;
  private reportHopeless!: (error: Error) => void;
  private reportGone!: () => void;

  constructor(
    private readonly spec: ProcessSpec,
    private readonly log: Logger,
  ) {
    this.listening = new Promise((resolve, reject) => {
      this.reportListening = resolve;
      this.reportHopeless = reject;
    });
    this.gone = new Promise((resolve) => (this.reportGone = resolve));
    this.current = this.launch();
  }

  /** No successor from now on. */
  release(): void {
    this.released = true;
    clearTimeout(this.pause);
    if (this.living.size === 0) this.reportGone();
  }

  kill(signal: NodeJS.Signals): void {
    for (const child of this.living) {
      child.kill(signal);
      // A stopped process does not see a SIGTERM before it is continued.
      if (signal === 'SIGTERM') child.kill('SIGCONT');
    }
  }

  startAgain(): void {
    if (this.released || this.current !== undefined) return;
    clearTimeout(this.pause);
    this.current = this.launch();
  }

  /** One after the other: who asks while a reload is under way gets one of their own after it. */
  reload(): Promise<{ was: number; is: number }> {
    const reload = this.reloads.then(() => this.replace());
    this.reloads = reload.catch(() => undefined);
    return reload;
  }

  /**
   * Zero-downtime reload: the successor listens on the same socket before the old process is asked to drain. A successor
   * that does not come up costs nothing but the attempt.
   */
  private async replace(): Promise<{ was: number; is: number }> {
    const { name } = this.spec;
    const old = this.current;
    if (old?.pid === undefined || this.released) throw new Error(`${name} can't be reloaded: it does not run`);
    if (this.defects.has('reload-drops')) {
      this.current = undefined;
      old.kill('SIGKILL');
      await once(old, 'exit');
    }
    const successor = this.launch();
    try {
      await Promise.race([
        once(successor, 'message', { signal: AbortSignal.timeout(RELOAD_LIMIT_MS) }),
        once(successor, 'exit').then(() => Promise.reject(new Error(`the new ${name} ended before it listened`))),
      ]);
    } catch (error) {
      successor.kill('SIGKILL');
      throw error;
    }
    // The old one may have died meanwhile; then it is its replacement that goes.
    const last = this.current;
    clearTimeout(this.pause);
    this.current = successor;
    last?.kill('SIGTERM');
    this.log.info({ child: name, was: old.pid, is: successor.pid }, 'reloaded');
    return { was: old.pid, is: successor.pid ?? 0 };
  }

  private launch(): ChildProcess {
    const startedAt = performance.now();
    const { name } = this.spec;
    const child = launch(this.spec, ++this.lives);
    this.living.add(child);
    child.once('message', () => {
      this.everListened = true;
      this.reportListening();
    });
    child.once('error', (error) => this.log.error({ child: name, err: error }, 'child could not be started'));
    child.once('exit', (code, signal) => {
      this.living.delete(child);
      if (this.released) {
        if (this.living.size === 0) this.reportGone();
        return;
      }
      if (child !== this.current) return;
      this.current = undefined;
      if (!this.everListened && ++this.failures >= ATTEMPTS_TO_START) {
        this.reportHopeless(new Error(`${name} ended ${this.failures} times before it listened; its log says why`));
        return;
      }
      if (this.defects.has('no-supervisor')) {
        this.log.warn({ child: name, code, signal }, 'child ended; nobody starts it again');
        return;
      }
      if (performance.now() - startedAt > GOOD_LIFE_MS) this.pauseMs = FIRST_PAUSE_MS;
      this.log.warn({ child: name, code, signal, pause_ms: this.pauseMs }, 'child ended; starting it again');
      this.pause = setTimeout(() => this.startAgain(), this.pauseMs);
      this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
    });
    return child;
  }
}
