// The project's test command: the unit and integration tests, and with PLIMSOLL_REQUIRE set the scenarios too.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'plimsoll-test-'));
const { status } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, PLIMSOLL_LEFT_OUT: join(folder, 'left-out.txt') },
});
rmSync(folder, { recursive: true, force: true });
process.exit(status ?? 1);
