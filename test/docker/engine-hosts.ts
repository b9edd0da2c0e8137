import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const RELAY = fileURLToPath(new URL('./engine-relay.js', import.meta.url));

export interface RelayRule {
  path: string;
  method?: string;
  times?: number;
  delayMs?: number;
  status?: number;
  message?: string;
}

export interface Relay extends AsyncDisposable {
  /** What it has printed. */
  lines: string[];
}

/** The real engine under another address; see engine-relay.js. */
export async function relayEngine(options: {
  listen: string | number;
  tls?: { key: string; cert: string; ca: string };
  rules?: RelayRule[];
}): Promise<Relay> {
  const child: ChildProcess = spawn(process.execPath, [RELAY, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout! });
  reader.on('line', (line) => lines.push(line));
  await Promise.race([
    once(reader, 'line'),
    once(child, 'exit').then(() => {
      throw new Error('the relay ended at once');
    }),
  ]);
  return {
    lines,
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
