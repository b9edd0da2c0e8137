import { defects } from './defects.js';
import type { Logger } from './log.js';

/**
 * Graceful exit: a process that is asked to end takes no new work, finishes what it has begun, writes down what it has
 * only in memory, and then goes, with exit code 0. Each stage has its time, and all together too: an orchestrator that
 * has waited long enough uses SIGKILL, and that flushes nothing.
 *
 * Running → Draining → Syncing → Stopping → Stopped
 */
export interface Stages {
  /** Refuse new work and wait for the work in flight. */
  drain: () => Promise<void>;
  /** Hand on or write down what is only in memory. */
  sync?: () => Promise<void>;
  /** Let go of connections and files. */
  stop?: () => Promise<void> | void;
}

type State = 'running' | 'draining' | 'syncing' | 'stopping' | 'stopped';

const LIMITS_MS = { draining: 5_000, syncing: 8_000, stopping: 2_000 } as const;
const ALL_MS = 10_000;

class GracefulExit {
  private state: State = 'running';
  private clean = true;

  constructor(
    private readonly log: Logger,
    /** Undefined while the service is still starting: then there is nothing to put in order. */
    private readonly stages: () => Stages | undefined,
    private readonly exit: (code: number) => void,
  ) {}

  /** Begins the exit. A second signal changes nothing: who is impatient gets no worse exit, and no better one. */
  begin(signal: NodeJS.Signals): void {
    if (this.state !== 'running') return;
    const stages = this.stages();
    setTimeout(() => this.end(1), ALL_MS).unref();
    void (async () => {
      await this.enter('draining', signal, stages?.drain);
      await this.enter('syncing', signal, stages?.sync);
      await this.enter('stopping', signal, stages?.stop);
      this.end(this.clean ? 0 : 1);
    })();
  }

  /** A stage that fails, or is not done in time, is left behind: the next ones still have their work to do. */
  private async enter(
    state: keyof typeof LIMITS_MS,
    signal: NodeJS.Signals,
    work: (() => Promise<void> | void) | undefined,
  ): Promise<void> {
    this.state = state;
    this.log.info({ signal, state }, 'exit');
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not done within ${LIMITS_MS[state]} ms`)), LIMITS_MS[state]);
    });
    try {
      await Promise.race([work?.(), late]);
    } catch (error) {
      this.clean = false;
      this.log.error({ state, err: error }, 'a stage of the exit failed');
    } finally {
      clearTimeout(timer);
    }
  }

  private end(code: number): void {
    if (this.state === 'stopped') return;
    this.state = 'stopped';
    this.log.info({ state: this.state, code }, 'exit');
    this.exit(code);
  }
}

/** Ends the process on SIGTERM or SIGINT, in order. */
export function exitGracefully(log: Logger, stages: () => Stages | undefined): void {
  const active = defects();
  // What a process does that never heard of signals: the kernel ends it where it stands.
  if (active.has('exit-at-once')) return;
  const exit = new GracefulExit(log, stages, (code) => process.exit(code));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (!active.has('ignore-sigterm')) exit.begin(signal);
    });
  }
}
