import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { UndoRecord } from '../../src/record/undo.js';
import { Journal, readJournal } from '../../src/run/journal.js';
import type { Plan } from '../../src/plan/plan.js';
import { preflight } from '../../src/run/preflight.js';
import { forgetSettled } from '../../src/run/left-behind.js';
import { conflicts, listActive, register, registerFolder, targetKeys, unregister } from '../../src/run/register.js';
import { announcePart } from '../../src/run/own-part.js';
import { undoAll } from '../../src/run/undo-runner.js';
import { startWatchdog } from '../../src/run/watchdog.js';
import { identityOf, isAlive, leadersWith } from '../../src/targets/process.js';
import { startService } from '../targets/services.js';
import { freePort } from '../targets/toxiproxy-servers.js';

let folder = '';
const state = process.env['XDG_STATE_HOME'];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plimsoll-journal-'));
  process.env['XDG_STATE_HOME'] = join(folder, 'state');
});
afterEach(() => {
  if (state === undefined) delete process.env['XDG_STATE_HOME'];
  else process.env['XDG_STATE_HOME'] = state;
  rmSync(folder, { recursive: true, force: true });
});

function record(id: string, more: Partial<Extract<UndoRecord, { kind: 'ensure-service' }>> = {}): UndoRecord {
  return {
    kind: 'ensure-service',
    id,
    fault: 'f1',
    words: `do ${id}`,
    byHand: '',
    timeLimitMs: 300,
    service: id,
    by: 'watched',
    addresses: [],
    ...more,
  };
}

describe('journal', () => {
  it('has a record on the disk when willUndo returns, and tells what is pending', () => {
    const journal = Journal.create(folder);
    journal.willUndo([record('a'), record('b')], 12.6);
    expect(readJournal(journal.path)).toMatchObject({ pending: [{ id: 'a' }, { id: 'b' }], torn: false });
    expect(readJournal(journal.path).deadlinesUs).toEqual(
      new Map([
        ['a', 13],
        ['b', 13],
      ]),
    );
    journal.undone('a');
    expect(readJournal(journal.path)).toMatchObject({ pending: [{ id: 'b' }], all: [{ id: 'a' }, { id: 'b' }] });
    expect(journal.pending()).toMatchObject([{ id: 'b' }]);
    journal.close();
    expect(() => journal.willUndo([record('c')])).toThrow(expect.objectContaining({ code: 'journal_failed' }));
    expect(() => Journal.create(folder)).toThrow(expect.objectContaining({ code: 'journal_failed' }));
  });

  it('can be read when it is cut at any byte, and another writer goes on after the cut', () => {
    const journal = Journal.create(folder);
    journal.willUndo([record('a')]);
    journal.willUndo([record('b')]);
    journal.close();
    const whole = readFileSync(journal.path);
    const firstEnd = whole.indexOf('\n') + 1;
    for (let size = whole.length - 1; size >= 0; size -= 7) {
      writeFileSync(journal.path, whole);
      truncateSync(journal.path, size);
      const cut = readJournal(journal.path);
      expect(cut.pending.map(({ id }) => id)).toEqual(
        size < firstEnd - 1 ? [] : size < whole.length - 1 ? ['a'] : ['a', 'b'],
      );
      expect(cut.torn).toBe(size !== 0 && size !== firstEnd);
      const other = Journal.open(journal.path, 'watchdog');
      other.willUndo([record('c')]);
      other.undone('a');
      other.close();
      expect(readJournal(journal.path).pending.map(({ id }) => id)).toContain('c');
      expect(readJournal(journal.path).pending.map(({ id }) => id)).not.toContain('a');
    }
    expect(statSync(journal.path).mode & 0o077).toBe(0);
  });

  it('goes on when the disk was full in the middle of a line and has room again', () => {
    const journal = Journal.create(folder);
    journal.willUndo([record('a')]);
    const { size } = statSync(journal.path);
    // A limit on the size of files tears a line exactly as a full disk does.
    execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${size + 20}:`]);
    try {
      expect(() => journal.willUndo([record('b')])).toThrow(expect.objectContaining({ code: 'journal_failed' }));
      expect(statSync(journal.path).size).toBe(size + 20);
      const other = Journal.open(journal.path, 'watchdog');
      expect(other.pending()).toMatchObject([{ id: 'a' }]);
      other.undone('a');
      other.close();
    } finally {
      execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=unlimited:']);
    }
    journal.undone('a');
    expect(readJournal(journal.path)).toMatchObject({ pending: [], torn: true });
  });

  it('knows a part that was started when nobody could write down its pid any more', async () => {
    const journal = Journal.create(folder);
    const part = announcePart(journal, 'run/part', 'the part');
    const child = spawn('sleep', ['1000'], {
      detached: true,
      stdio: 'ignore',
      env: { ...process.env, ...part.environment },
    });
    const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)));
    await expect.poll(() => leadersWith(Object.entries(part.environment)[0]?.join('=') ?? '')).toHaveLength(1);
    const { pending } = readJournal(journal.path);
    expect(pending).toMatchObject([{ kind: 'end-marked' }]);
    await undoAll(pending, { onDone: () => undefined, onFailed: () => undefined });
    expect(await ended).toBe('SIGTERM');
    part.started(child.pid ?? 0);
    expect(readJournal(journal.path).pending).toMatchObject([{ kind: 'end-group' }]);
  });

  it('reports a line that is no record', () => {
    const journal = Journal.create(folder);
    journal.willUndo([record('a')]);
    appendFileSync(journal.path, '{"v":1,"type":"will-undo","record":{"kind":"format-disk"}}\n[]\n');
    expect(readJournal(journal.path)).toMatchObject({ pending: [{ id: 'a' }], torn: true });
    journal.close();
  });
});

describe('undoAll', () => {
  it('tries all, the last injected first on each target, and collects the failures', async () => {
    await using service = await startService('tcp');
    const order: string[] = [];
    const silent = `127.0.0.1:${await freePort()}`;
    const records = [
      record('1', { service: 'x' }),
      record('2', { service: 'x', addresses: [service.address] }),
      record('3', { service: 'y', addresses: [silent] }),
      record('4', { service: 'z' }),
    ];
    const { done, failed } = await undoAll(records, {
      onDone: ({ id }) => {
        order.push(id);
        throw new Error('a listener that fails must not keep the rest in place');
      },
      onFailed: ({ id }) => order.push(`failed ${id}`),
    });
    expect(done.map(({ id }) => id).sort()).toEqual(['1', '2', '4']);
    expect(order.indexOf('2')).toBeLessThan(order.indexOf('1'));
    expect(failed).toMatchObject([{ record: { id: '3' } }]);
    expect(failed[0]?.message).toMatch(/not done within 300 ms|is not back/);
  });

  it('lets a target that hangs hold up no other', async () => {
    const silent = `127.0.0.1:${await freePort()}`;
    const hanging = Array.from({ length: 5 }, (_, n) => record(`h${n}`, { service: `h${n}`, addresses: [silent] }));
    const beganMs = performance.now();
    const { failed } = await undoAll(hanging, { onDone: () => undefined, onFailed: () => undefined });
    expect(failed).toHaveLength(5);
    expect(performance.now() - beganMs).toBeLessThan(3 * 300);
  });
});

describe('register', () => {
  const dead = { pid: 2 ** 22 + 1, startTime: 1, bootId: 'another' };
  const entry = (runId: string, alive: boolean, targets: string[]) => ({
    runId,
    journalPath: join(folder, runId),
    directory: folder,
    conductor: dead,
    watchdog: alive ? (identityOf(process.pid) ?? dead) : dead,
    targets,
  });

  it('tells live from abandoned, and what stands in the way of a new run', () => {
    expect(listActive()).toEqual([]);
    register(entry('live', true, ['listening 127.0.0.1:1', 'container a']));
    register(entry('dead', false, []));
    expect(listActive().map(({ entry: { runId }, state }) => [runId, state])).toEqual([
      ['dead', 'abandoned'],
      ['live', 'live'],
    ]);
    expect(conflicts(['container a']).map(({ entry: { runId }, shared }) => [runId, shared])).toEqual([
      ['dead', []],
      ['live', ['container a']],
    ]);
    expect(conflicts(['container b'])).toHaveLength(1);
    expect(conflicts(['container a'], 'live')).toHaveLength(1);
    unregister('dead');
    unregister('dead');
    expect(conflicts(['container b'])).toEqual([]);
  });

  it('forgets an abandoned run that owes nothing any more, and no other', async () => {
    await using part = ownPart();
    /** A run with a journal as its conductor left it. */
    const abandoned = (runId: string, records: UndoRecord[], undone: string[] = []): string => {
      const directory = join(folder, `run-${runId}`);
      mkdirSync(directory);
      const journal = Journal.create(directory);
      journal.willUndo(records);
      for (const id of undone) journal.undone(id);
      journal.close();
      register({ ...entry(runId, false, []), journalPath: journal.path, directory });
      return journal.path;
    };
    abandoned('nothing', []);
    abandoned('all-undone', [record('a'), part.record], ['a', part.record.id]);
    abandoned('own-part', [record('a'), part.record], ['a']);
    abandoned('owes', [record('a'), part.record], [part.record.id]);
    const proxy = { api: 'http://127.0.0.1:1', proxy: 'p', listen: '127.0.0.1:2' };
    abandoned('owes-proxy', [{ ...part.record, ...proxy, kind: 'remove-proxy' } as UndoRecord]);
    appendFileSync(abandoned('torn', [record('a')], ['a']), '{"v":1,"type":"will-u');
    rmSync(abandoned('lost', []));
    register({ ...entry('live', true, []), journalPath: join(folder, 'run-nothing', 'journal.ndjson') });

    // Its process lives: the run owes its end.
    expect(forgetSettled().map(({ runId }) => runId)).toEqual(['all-undone', 'nothing']);
    await part.end();
    const nothingNamed = { system: { links: [], services: [], start: undefined, toxiproxy: undefined } };
    const lines: string[] = [];
    // It says whom it forgot, and refuses because of the others.
    await expect(preflight(nothingNamed as unknown as Plan, (line) => lines.push(line))).rejects.toMatchObject({
      code: 'abandoned_run',
      message: expect.stringContaining('run lost '),
    });
    expect(lines).toEqual([expect.stringMatching(/^run own-part .* owes nothing any more/)]);
    expect(forgetSettled()).toEqual([]);
    expect(conflicts([]).map(({ entry: { runId } }) => runId)).toEqual(['lost', 'owes-proxy', 'owes', 'torn']);
    expect(listActive().map(({ entry: { runId } }) => runId)).toContain('live');
  });

  it('names what a run may hurt, so that localhost and 127.0.0.1 are the same', () => {
    const common = { url: undefined, metrics: undefined };
    const link = {
      name: 'l',
      from: 'a',
      to: 'b',
      listen: 'localhost:1',
      upstream: 'x:1',
      via: undefined,
      protocol: 'tcp',
      canary: undefined,
    } as const;
    const services = [
      { ...common, name: 'a', how: 'listening', addresses: ['127.0.0.1:1', '127.0.0.1:2'] },
      { ...common, name: 'b', how: 'container', container: { name: 'box' } },
      { ...common, name: 'c', how: 'none' },
    ] as const;
    expect(
      targetKeys({
        links: [link],
        services: services.map((one) => ('addresses' in one ? { ...one, addresses: [...one.addresses] } : one)),
      }),
    ).toEqual(['listening 127.0.0.1:1', 'listening 127.0.0.1:2', 'container box']);
  });

  it('does not overlook an entry that is damaged', () => {
    register(entry('live', true, []));
    writeFileSync(join(registerFolder(), 'broken.json'), '{');
    expect(() => listActive()).toThrow(expect.objectContaining({ code: 'register_damaged' }));
  });

  it('refuses a run id that is a path', () => {
    expect(() => register(entry('../../evil', true, []))).toThrow();
    expect(() => unregister('..')).toThrow();
  });
});

describe('watchdog', () => {
  it('ends at once and touches nothing when all is done', async () => {
    const journal = Journal.create(folder);
    const watchdog = await startWatchdog({ runId: 'w', journalPath: journal.path, directory: folder });
    expect(isAlive(watchdog.identity)).toBe(true);
    const deaths: string[] = [];
    watchdog.onDeath((reason) => deaths.push(reason));
    journal.willUndo([record('a')]);
    await watchdog.finish();
    expect(isAlive(watchdog.identity)).toBe(false);
    expect(readJournal(journal.path).pending).toHaveLength(1);
    expect(deaths).toEqual([]);
  });

  it('takes over on order: undoes what is owed and leaves the register', async () => {
    const journal = Journal.create(folder);
    const watchdog = await startWatchdog({ runId: 'w', journalPath: journal.path, directory: folder });
    const self = identityOf(process.pid);
    if (!self) throw new Error('no /proc');
    register({
      runId: 'w',
      journalPath: journal.path,
      directory: folder,
      conductor: self,
      watchdog: watchdog.identity,
      targets: [],
    });
    journal.willUndo([record('a')]);
    watchdog.takeOver();
    await expect.poll(() => readJournal(journal.path).pending).toEqual([]);
    await expect.poll(() => existsSync(join(registerFolder(), 'w.json'))).toBe(false);
    await expect.poll(() => isAlive(watchdog.identity)).toBe(false);
  });

  it('says when it dies, so that the run can stop', async () => {
    const journal = Journal.create(folder);
    const watchdog = await startWatchdog({ runId: 'w', journalPath: journal.path, directory: folder });
    const death = new Promise((resolve) => watchdog.onDeath(resolve));
    process.kill(watchdog.identity.pid, 'SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(isAlive(watchdog.identity)).toBe(true);
    process.kill(watchdog.identity.pid, 'SIGKILL');
    expect(await death).toBe('ended by SIGKILL');
  });
});

/** A process that a run started in a group of its own, and the record of its end. */
function ownPart(): AsyncDisposable & { record: UndoRecord; end(): Promise<void> } {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const identity = identityOf(child.pid ?? 0);
  if (!identity) throw new Error('no /proc');
  const end = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  return {
    record: {
      kind: 'end-group',
      id: 'run/1',
      fault: 'run',
      words: 'end the part',
      byHand: '',
      timeLimitMs: 1000,
      process: identity,
      label: 'part',
    },
    end,
    [Symbol.asyncDispose]: end,
  };
}
