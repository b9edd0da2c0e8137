import { PlimsollError } from '../support/errors.js';

/**
 * Why a run ends before its plan. It travels as the reason of the run's abort signal, so that whatever was waiting
 * rejects with it and the conductor can tell a person's wish from a guard's trip and from trouble.
 */
export type StopReason =
  | { kind: 'signal'; signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP' }
  | { kind: 'person'; who: string }
  | { kind: 'guard'; guard: string; message: string }
  | { kind: 'error'; error: PlimsollError };

export class RunStopped extends Error {
  constructor(readonly reason: StopReason) {
    super(describe(reason));
    this.name = 'RunStopped';
  }
}

function describe(reason: StopReason): string {
  switch (reason.kind) {
    case 'signal':
      return `stopped by ${reason.signal}`;
    case 'person':
      return `stopped by ${reason.who}`;
    case 'guard':
      return reason.message;
    case 'error':
      return reason.error.message;
  }
}

/** Anything thrown, as a `RunStopped`: what is not a stop already is trouble of the environment or a bug. */
export function asStopped(thrown: unknown): RunStopped {
  if (thrown instanceof RunStopped) return thrown;
  if (thrown instanceof PlimsollError) return new RunStopped({ kind: 'error', error: thrown });
  const message = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return new RunStopped({
    kind: 'error',
    error: new PlimsollError({ code: 'internal', message: `unexpected: ${message}`, cause: thrown }),
  });
}
