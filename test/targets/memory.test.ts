import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { controlGroupsOf } from '../../src/targets/cgroup.js';
import { memoryBounds, memoryRoom, memoryUpTo } from '../../src/targets/memory.js';

const GB = 1024 ** 3;
const MB = 1024 ** 2;
let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'plimsoll-memory-'))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Files as the kernel would show them, below a folder. */
function lay(files: Record<string, string>): string {
  const meminfo = `MemTotal:       ${(8 * GB) / 1024} kB\nMemFree: 1 kB\nMemAvailable:   ${(4 * GB) / 1024} kB\n`;
  for (const [path, text] of Object.entries({ 'proc/meminfo': meminfo, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return join(root, 'proc');
}
const unified = (mountRoot = '/') => `30 24 0:26 ${mountRoot} ${root}/cg rw,nosuid shared:4 - cgroup2 cgroup2 rw\n`;
const old = (mountRoot = '/') =>
  `35 31 0:32 ${mountRoot} ${root}/cg/memory rw,relatime - cgroup cgroup rw,memory\n41 31 0:38 / ${root}/cg/unified rw - cgroup2 cgroup2 rw\n`;

describe('how much memory may be used', () => {
  it('is what the machine has, where no control group bounds it', () => {
    const proc = lay({ 'proc/self/cgroup': '0::/\n', 'proc/self/mountinfo': unified() });
    expect(memoryBounds(proc)).toEqual([{ where: 'this machine', totalBytes: 8 * GB, availableBytes: 4 * GB }]);
    expect(memoryRoom(memoryBounds(proc)).roomBytes).toBe(Math.floor(4 * GB - 0.05 * 8 * GB));
    expect(memoryUpTo(memoryBounds(proc), 0.75)).toBe(2 * GB);
    expect(memoryBounds(join(root, 'nowhere'))).toEqual([]);
  });

  it('is bounded by the tightest group of the new hierarchy, its own or one around it', () => {
    const proc = lay({
      'proc/self/cgroup': '0::/a.slice/b.scope\n',
      'proc/self/mountinfo': unified(),
      'cg/a.slice/memory.max': `${GB}\n`,
      'cg/a.slice/memory.high': 'max\n',
      'cg/a.slice/memory.current': `${900 * MB}\n`,
      'cg/a.slice/memory.stat': `anon 1\ninactive_file ${100 * MB}\nactive_file 2\n`,
      'cg/a.slice/b.scope/memory.max': 'max\n',
      'cg/a.slice/b.scope/memory.high': `${2 * GB}\n`,
      'cg/a.slice/b.scope/memory.current': `${500 * MB}\n`,
    });
    expect(memoryBounds(proc).slice(1)).toEqual([
      { where: `control group ${root}/cg/a.slice/b.scope`, totalBytes: 2 * GB, availableBytes: 2 * GB - 500 * MB },
      { where: `control group ${root}/cg/a.slice`, totalBytes: GB, availableBytes: GB - 800 * MB },
    ]);
    expect(memoryRoom(memoryBounds(proc))).toEqual({
      roomBytes: Math.floor(GB - 800 * MB - 0.05 * GB),
      where: `control group ${root}/cg/a.slice`,
    });
  });

  it('is bounded by a group of the old hierarchy, whose number for no limit is none', () => {
    const files = {
      'proc/self/cgroup': '4:memory:/docker/x/y\n0::/other\n',
      'cg/memory/y/memory.limit_in_bytes': '9223372036854771712\n',
      'cg/memory/y/memory.usage_in_bytes': '1000\n',
      'cg/memory/memory.limit_in_bytes': `${GB}\n`,
      'cg/memory/memory.usage_in_bytes': `${GB}\n`,
      'cg/memory/memory.stat': `inactive_file 5\ntotal_inactive_file ${300 * MB}\n`,
    };
    // As in a container: what is mounted begins at a group within.
    const proc = lay({ ...files, 'proc/self/mountinfo': old('/docker/x') });
    expect(controlGroupsOf('self', 'memory', proc)).toEqual({
      version: 1,
      folders: [join(root, 'cg/memory/y'), join(root, 'cg/memory')],
    });
    expect(memoryBounds(proc).slice(1)).toEqual([
      { where: `control group ${root}/cg/memory`, totalBytes: GB, availableBytes: 300 * MB },
    ]);
  });

  it('knows no groups where none can be seen', () => {
    const proc = lay({ 'proc/self/cgroup': '4:memory:/docker/x\n', 'proc/self/mountinfo': old('/docker/other') });
    expect(controlGroupsOf('self', 'memory', proc)).toBeUndefined();
    expect(controlGroupsOf('self', 'cpu', proc)).toBeUndefined();
    expect(controlGroupsOf(1, 'memory', proc)).toBeUndefined();
  });
});
