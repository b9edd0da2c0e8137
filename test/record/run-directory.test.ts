import { existsSync, mkdirSync, mkdtempSync, readlinkSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRunDirectory, openRunDirectory, safeName } from '../../src/record/run-directory.js';
import { newRunId, RUN_ID } from '../../src/record/run-id.js';

let root: string;
beforeEach(() => (root = realpathSync(mkdtempSync(join(tmpdir(), 'plimsoll-reports-')))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

const wall = new Date('2026-03-04T05:06:07.890Z');

describe('createRunDirectory', () => {
  it('makes the folder, named by scenario, time and id, and points latest to it', () => {
    const first = createRunDirectory(join(root, 'deep', 'reports'), 'payment-slow', 'abcd1234', wall);
    expect(basename(first.path)).toBe('payment-slow-20260304-050607-abcd1234');
    expect(existsSync(first.logs) && existsSync(first.evidence)).toBe(true);
    expect(first.warnings).toEqual([]);
    const latest = join(root, 'deep', 'reports', 'latest');
    expect(readlinkSync(latest)).toBe('payment-slow-20260304-050607-abcd1234');
    const second = createRunDirectory(join(root, 'deep', 'reports'), 'other', 'abcd1235', wall);
    expect(realpathSync(latest)).toBe(second.path);
  });

  it('keeps names inside the folder', () => {
    const directory = createRunDirectory(root, '../../etc/pässwd \u0000 x', 'abcd1234', wall);
    expect(basename(directory.path)).toBe('etc-passwd-x-20260304-050607-abcd1234');
    expect(directory.log('../order')).toBe(join(directory.logs, 'order.log'));
    expect(safeName('...')).toBe('unnamed');
    expect(safeName('日本')).toBe('unnamed');
    expect(safeName('a'.repeat(500))).toHaveLength(80);
  });

  it('does not fail over a folder that is called latest, but says so', () => {
    mkdirSync(join(root, 'latest'));
    const directory = createRunDirectory(root, 's', 'abcd1234', wall);
    expect(existsSync(directory.path)).toBe(true);
    expect(directory.warnings[0]).toContain('latest could not be pointed to this run');
  });

  it('refuses to mix two runs, and a root that is a file', () => {
    createRunDirectory(root, 's', 'abcd1234', wall);
    expect(() => createRunDirectory(root, 's', 'abcd1234', wall)).toThrow(/could not be created.*EEXIST/);
    writeFileSync(join(root, 'file'), '');
    expect(() => createRunDirectory(join(root, 'file'), 's', 'abcd1234', wall)).toThrow(/could not be created/);
  });
});

describe('openRunDirectory', () => {
  it('accepts the folder, its name, latest, and a file of the run', () => {
    const directory = createRunDirectory(root, 's', 'abcd1234', wall);
    writeFileSync(directory.events, '');
    writeFileSync(directory.result, '{}');
    for (const path of [directory.path, join(root, 'latest'), directory.result, directory.events]) {
      expect(openRunDirectory(path, root).path).toBe(directory.path);
    }
    expect(openRunDirectory('latest', root).path).toBe(directory.path);
    expect(openRunDirectory(basename(directory.path), root).path).toBe(directory.path);
  });

  it('says what was looked for, and what there is', () => {
    expect(() => openRunDirectory(join(root, 'none'), root)).toThrow(
      expect.objectContaining({ code: 'no_such_run', kind: 'usage', hint: expect.stringContaining('no run in') }),
    );
    createRunDirectory(root, 's', 'old00000', new Date('2025-01-01T00:00:00Z'));
    createRunDirectory(root, 'a', 'new00000', wall);
    expect(() => openRunDirectory('typo', root)).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/a-2026.*new00000, s-2025.*old00000/) }),
    );
    expect(() => openRunDirectory(root, root)).toThrow(
      expect.objectContaining({ code: 'not_a_run', hint: expect.stringContaining('latest') }),
    );
  });
});

describe('newRunId', () => {
  it('is eight characters of [0-9a-z], each as likely as the others', () => {
    const counts = new Map<string, number>();
    const ids = new Set<string>();
    for (let i = 0; i < 5000; i++) {
      const id = newRunId();
      expect(id).toMatch(RUN_ID);
      ids.add(id);
      for (const character of id) counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    expect(ids.size).toBe(5000);
    expect(counts.size).toBe(36);
    // 40,000 characters, 1,111 of each expected, sd 33: seven of those on either side.
    for (const count of counts.values()) expect(Math.abs(count - 40_000 / 36)).toBeLessThan(7 * 33);
    // Bytes from 252 up are refused: they would favour 0 to 3.
    const bytes = [255, 254, 253, 252, 251, 0, 36, 35, 1, 2, 3, 4, 5, 6, 7, 8];
    expect(newRunId(() => Uint8Array.from(bytes))).toBe('z00z1234');
  });
});
