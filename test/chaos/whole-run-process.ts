import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const WHOLE_RUN = fileURLToPath(new URL('./whole-run.js', import.meta.url));
/** A run that was not killed itself must end by then. */
const END_LIMIT_MS = 60_000;

/** A run in a process of its own, with what it prints. */
export interface WholeRun {
  child: ChildProcess;
  /** The run directory; empty as long as there is none. */
  directory(): string;
  /** Its exit code, or the signal that ended it. */
  ended: Promise<number | string>;
  /** Resolves when it prints a line that begins so. */
  saw(line: string): Promise<boolean>;
  output(): string;
}

export function startWholeRun(options: {
  scenario: Record<string, unknown>;
  runsRoot: string;
  phases: { warmupMs: number; baselineMs: number; faultMs: number; recoveryMs: number };
  environment?: Record<string, string>;
}): WholeRun {
  const { environment, ...order } = options;
  const child = spawn(process.execPath, [WHOLE_RUN, JSON.stringify(order)], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const waiting: { line: string; resolve: (seen: boolean) => void }[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      for (const one of waiting) if (line.startsWith(one.line)) one.resolve(true);
    });
  const ended = new Promise<number | string>((resolve) => {
    const timer = setTimeout(() => resolve('no end'), END_LIMIT_MS);
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      resolve(code ?? signal ?? 'gone');
    });
  });
  return {
    child,
    ended,
    directory: () => lines.find((line) => line.startsWith('directory '))?.slice(10) ?? '',
    saw: async (line) =>
      new Promise((resolve) => {
        if (lines.some((seen) => seen.startsWith(line))) resolve(true);
        waiting.push({ line, resolve });
      }),
    output: () => lines.join('\n'),
  };
}
