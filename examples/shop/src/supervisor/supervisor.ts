import { fork, type ChildProcess } from 'node:child_process';
import type { Logger } from '../shared/log.js';

export interface ProcessSpec {
  name: string;
  /** A compiled file. */
  file: string;
  env: Record<string, string>;
}

/** Keeps processes alive: one that ends is started again, at once the first time and ever later if it keeps ending. */
export interface Supervisor {
  /** Resolves when every process has reported that it listens; rejects when one keeps ending before it does. */
  listening: Promise<void>;
  /** SIGTERM to one after the other, in the order given; SIGKILL to what is left when the time is over. */
  stop(limitMs: number): Promise<void>;
}

export function supervise(specs: ProcessSpec[], log: Logger): Supervisor {
  const wards = specs.map((spec) => new Ward(spec, log));
  return {
    listening: Promise.all(wards.map((ward) => ward.listening)).then(() => undefined),
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

/** One process and its successors. */
class Ward {
  readonly listening: Promise<void>;
  /** Resolves when the process has ended and no successor will come. */
  readonly gone: Promise<void>;
  private child: ChildProcess | undefined;
  private pauseMs = FIRST_PAUSE_MS;
  private pause: NodeJS.Timeout | undefined;
  private released = false;
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
    this.start();
  }

  /** No successor from now on. */
  release(): void {
    this.released = true;
    clearTimeout(this.pause);
    if (this.child === undefined) this.reportGone();
  }

  kill(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
    // A stopped process does not see a SIGTERM before it is continued.
    if (signal === 'SIGTERM') this.child?.kill('SIGCONT');
  }

  private start(): void {
    const startedAt = performance.now();
    const { name, file, env } = this.spec;
    const child = fork(file, [], {
      env: { ...process.env, ...env, SHOP_LIFE: String(++this.lives) },
      execArgv: [],
    });
    this.child = child;
    child.once('message', () => {
      this.everListened = true;
      this.reportListening();
    });
    child.once('error', (error) => this.log.error({ child: name, err: error }, 'child could not be started'));
    child.once('exit', (code, signal) => {
      this.child = undefined;
      if (this.released) return this.reportGone();
      if (!this.everListened && ++this.failures >= ATTEMPTS_TO_START) {
        this.reportHopeless(new Error(`${name} ended ${this.failures} times before it listened; its log says why`));
        return;
      }
      if (performance.now() - startedAt > GOOD_LIFE_MS) this.pauseMs = FIRST_PAUSE_MS;
      this.log.warn({ child: name, code, signal, pause_ms: this.pauseMs }, 'child ended; starting it again');
      this.pause = setTimeout(() => this.start(), this.pauseMs);
      this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
    });
  }
}
