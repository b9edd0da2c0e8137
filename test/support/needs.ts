import { execFileSync } from 'node:child_process';
import { accessSync, appendFileSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';

/**
 * Parts that only some machines have. A test that needs one is left out where it is missing, and the closing lines of
 * the test run say so. With `PLIMSOLL_REQUIRE=toxiproxy,docker,…` a missing part is a failure instead.
 */
const PARTS = {
  toxiproxy: () => findProgram('toxiproxy-server', process.env['TOXIPROXY_SERVER']),
  'toxiproxy-cli': () => findProgram('toxiproxy-cli'),
  chromium: () =>
    findProgram('chromium', process.env['CHROMIUM']) ?? findProgram('chromium-browser') ?? findProgram('google-chrome'),
  redis: () => findProgram('redis-server'),
  nginx: () => findProgram('nginx'),
  prometheus: () => findProgram('prometheus'),
  docker: () => engineVersion(),
  'docker-compose': () => findProgram('docker-compose'),
  /** Whose library shows a clock of our choice to the processes of a test. */
  faketime: () => (process.platform === 'linux' ? findProgram('faketime') : undefined),
  /** The right to mount a small disk of the test's own. */
  mounts: () => mayMount(),
  /** util-linux's `script`, which gives a program a real pseudo-terminal. */
  terminal: () => (process.platform === 'linux' ? findProgram('script') : undefined),
  /** May mount file systems and become other users. */
  root: () => (process.getuid?.() === 0 ? 'root' : undefined),
} satisfies Record<string, () => string | undefined>;

export type Part = keyof typeof PARTS;

/** The path of a part's program, or undefined where the machine does not have it. */
export function programOf(part: Part): string | undefined {
  return PARTS[part]();
}

/** `describe` for tests that need the given parts: `describeWith(['toxiproxy'], 'conformance', () => …)`. */
export function describeWith(parts: Part[], name: string, tests: () => void): void {
  const missing = parts.filter((part) => programOf(part) === undefined);
  const required = (process.env['PLIMSOLL_REQUIRE'] ?? '').split(',').map((part) => part.trim());
  const broken = missing.filter((part) => required.includes(part) || required.includes('all'));
  if (broken.length > 0) {
    throw new Error(
      `PLIMSOLL_REQUIRE names ${broken.join(', ')}, but this machine does not have it; needed by "${name}"`,
    );
  }
  if (missing.length > 0) noteLeftOut(name, missing);
  describe.skipIf(missing.length > 0)(name, tests);
}

/** Test workers and the closing line share what was left out through a file, since they are different processes. */
function noteLeftOut(name: string, missing: Part[]): void {
  const file = process.env['PLIMSOLL_LEFT_OUT'];
  if (file) appendFileSync(file, `${name}: needs ${missing.join(', ')}\n`);
}

let mounting: { program: string | undefined } | undefined;

function mayMount(): string | undefined {
  mounting ??= { program: tryMount() };
  return mounting.program;
}

/** Root alone may not be enough, in a container for example: so it is tried. */
function tryMount(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'plimsoll-test', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder], { stdio: 'ignore' });
    return findProgram('mount');
  } catch {
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

let engine: { version: string | undefined } | undefined;

/** The version of the Docker Engine that answers; a client alone is not enough. */
function engineVersion(): string | undefined {
  engine ??= { version: askEngine() };
  return engine.version;
}

function askEngine(): string | undefined {
  try {
    const answer = execFileSync('docker', ['version', '--format', '{{.Server.Version}}'], {
      encoding: 'utf8',
      timeout: 5000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return answer.trim() || undefined;
  } catch {
    return undefined;
  }
}

function findProgram(name: string, override?: string): string | undefined {
  if (override) return override;
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}
