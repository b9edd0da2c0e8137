import { fork, type ChildProcess } from 'node:child_process';
import cluster from 'node:cluster';

export interface ProcessSpec {
  name: string;
  /** A compiled file. */
  file: string;
  env: Record<string, string>;
  /** Its listener is held here, too, so that a successor can take it over while it is open. */
  handsOver?: boolean;
}

// Each process takes connections from the shared listener by itself; none goes through the supervisor.
cluster.schedulingPolicy = cluster.SCHED_NONE;

/**
 * Starts a process. One that hands over gets its listening socket from here: the queue of connections that wait to be
 * accepted belongs to the socket, not to a process, so none is lost while one process comes and another goes.
 */
export function launch({ file, env, handsOver }: ProcessSpec, life: number): ChildProcess {
  const variables = { ...process.env, ...env, SHOP_LIFE: String(life) };
  if (!handsOver) return fork(file, [], { env: variables, execArgv: [] });
  cluster.setupPrimary({ exec: file, args: [], execArgv: [] });
  return cluster.fork(variables).process;
}
