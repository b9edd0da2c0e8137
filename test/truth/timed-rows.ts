import { expect } from 'vitest';
import type { StreamPlan } from '../../src/load/driver.js';
import { expectAgreement, expectNormalAfter, expectWhole, FIRST_ID, quantile, seenBy } from './agreement.js';
import { closedStream, openStream, request, runLoad, TruthServer, type ServerLine } from './experiment.js';
import { both, RATE, type Row } from './row.js';

/** Rows with a trouble that begins and ends: the truth is the server's log and its clock. */
export const TIMED_ROWS: Row[] = [
  frozen('server frozen', true, {}),
  frozen('server frozen, 10 connections', false, { connections: 10 }),
  frozen('server frozen, 1,000 connections', false, { connections: 1000 }),
  {
    name: 'server frozen, two deadlines: a late one is a timeout or unsent, and the server never sees an unsent one',
    quick: true,
    async run(size) {
      const deadlineMs = size.troubleMs / 2;
      await using server = await TruthServer.start({ behaviour: 'ok' });
      // The patient ones keep all connections busy, so most of the impatient ones never get one.
      const patient = request(server.url, { name: 'patient' });
      const impatient = request(server.url, { name: 'impatient', deadlineMs });
      const streams = [openStream([patient, impatient], { connections: 10 })];
      const experiment = await runLoad(streams, size.seconds, async ({ at }) => {
        await at(size.troubleAtS);
        server.order({ type: 'freeze', ms: size.troubleMs });
      });
      const log = server.log();
      expectWhole(experiment, Math.ceil(size.seconds * RATE));
      // A timed-out request may be read by the server once it thaws; an unsent one never.
      expectAgreement(experiment, log, { ok: ['ok', 'timeout'] }, ['unsent', 'timeout']);
      expect(experiment.arrivals.filter(({ request, outcome }) => request === 0 && outcome !== 'ok')).toEqual([]);
      const short = experiment.arrivals.filter(({ request }) => request === 1);
      const late = short.filter(({ outcome }) => outcome !== 'ok');
      expect(experiment.count('timeout')).toBeGreaterThan(0);
      expect(experiment.count('unsent')).toBeGreaterThan(10);
      for (const { responseUs } of late) expect(responseUs).toBe(deadlineMs * 1000);
      const from = moment(log, 'frozen') - experiment.t0Us;
      const lostUntil = moment(log, 'thawed') - experiment.t0Us - deadlineMs * 1000;
      const doomed = short.filter(({ dueUs }) => dueUs > from + 1000 && dueUs < lostUntil - 1000);
      expect(doomed.filter(({ outcome }) => outcome === 'ok')).toEqual([]);
      expect(doomed.length).toBeGreaterThan(20);
      // None due long before or after it is late.
      const fine = short.filter(
        ({ dueUs }) => dueUs < from - 50_000 || dueUs > lostUntil + deadlineMs * 1000 + 200_000,
      );
      expect(fine.filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
    },
  },
  {
    name: 'server frozen, cap on the requests in flight: what is over it is dropped, and nothing else',
    quick: false,
    async run(size) {
      const cap = 100;
      await using server = await TruthServer.start({ behaviour: 'ok' });
      const streams = both(server.url, {}, { inFlightCap: cap });
      const experiment = await runLoad(streams, size.seconds, async ({ at }) => {
        await at(size.troubleAtS);
        server.order({ type: 'freeze', ms: size.troubleMs });
      });
      const log = server.log();
      expectWhole(experiment, Math.ceil(size.seconds * RATE));
      expectAgreement(experiment, log, { ok: ['ok'] }, ['dropped']);
      const from = moment(log, 'frozen') - experiment.t0Us;
      const to = moment(log, 'thawed') - experiment.t0Us;
      const due = experiment.arrivals.filter(({ stream, dueUs }) => stream === 0 && dueUs > from && dueUs < to);
      expect(Math.abs(experiment.count('dropped') - (due.length - cap))).toBeLessThanOrEqual(4);
    },
  },
  {
    name: 'refused: the listener and its connections are gone for a while',
    quick: true,
    async run(size) {
      await using server = await TruthServer.start({ behaviour: 'ok' });
      const experiment = await runLoad(both(server.url), size.seconds, async ({ at }) => {
        await at(size.troubleAtS);
        server.order({ type: 'down', ms: size.troubleMs });
      });
      expectOutage(experiment, server.log(), Math.ceil(size.seconds * RATE));
    },
  },
  {
    name: 'server killed and restarted',
    quick: false,
    async run(size) {
      await using server = await TruthServer.start({ behaviour: 'ok' });
      let killedUs = 0;
      const experiment = await runLoad(both(server.url), size.seconds, async ({ at }) => {
        await at(size.troubleAtS);
        killedUs = Number(process.hrtime.bigint() / 1000n);
        await server.kill();
        await at(size.troubleAtS + size.troubleMs / 1000);
        await server.start();
      });
      const log = [...server.log(), { atUs: killedUs, event: 'down' as const }];
      expectOutage(experiment, log, Math.ceil(size.seconds * RATE));
    },
  },
  {
    name: 'never answers at all',
    quick: false,
    async run(size) {
      await using server = await TruthServer.start({ behaviour: 'never' });
      const streams = both(server.url, { deadlineMs: 5000 }, { inFlightCap: 100 });
      const experiment = await runLoad(streams, size.seconds);
      expectWhole(experiment, Math.ceil(size.seconds * RATE));
      const seen = seenBy(server.log());
      expect(experiment.count('ok')).toBe(0);
      const open = experiment.arrivals.filter(({ stream }) => stream === 0);
      for (const { outcome, index } of open) {
        expect(['timeout', 'unsent', 'dropped']).toContain(outcome);
        if (outcome !== 'timeout') expect(seen.has(String(index))).toBe(false);
      }
      // A hundred at once, and each leaves after its deadline.
      const rounds = Math.ceil(size.seconds / 5);
      expect(Math.abs(experiment.count('dropped') - (open.length - 100 * rounds))).toBeLessThanOrEqual(4);
    },
  },
  {
    name: 'two endpoints, RST every n-th: no answer is booked to the other',
    quick: false,
    async run(size) {
      await using server = await TruthServer.start({ behaviour: 'reset-before-every', every: size.every + 1 });
      const requests = ['a', 'b'].map((name) => request(`${server.url}/${name}`, { name }));
      const experiment = await runLoad(
        [openStream(requests), closedStream(requests, { data: { id: { kind: 'sequence', start: FIRST_ID[1] ?? 0 } } })],
        size.seconds,
      );
      expectWhole(experiment, Math.ceil(size.seconds * RATE));
      const log = server.log();
      expectAgreement(experiment, log, { ok: ['ok'], reset: ['reset'] });
      const paths = new Map(log.flatMap(({ id, path }) => (id === undefined ? [] : [[id, path] as const])));
      for (const arrival of experiment.arrivals) {
        const id = String((FIRST_ID[arrival.stream] ?? NaN) + arrival.index);
        expect(paths.get(id)).toBe(arrival.request === 0 ? '/a' : '/b');
      }
      expect(new Set(experiment.arrivals.map(({ request }) => request)).size).toBe(2);
    },
  },
  {
    name: 'driver stopped for a second: nothing is lost, and the driver says that it was not well',
    quick: true,
    async run(size) {
      await using server = await TruthServer.start({ behaviour: 'ok' });
      const seconds = Math.max(2.4, size.seconds);
      const experiment = await runLoad(both(server.url), seconds, async ({ at, driver }) => {
        await at(0.6);
        for (const { pid } of driver.pids()) process.kill(pid, 'SIGSTOP');
        await at(1.7);
        for (const { pid } of driver.pids()) process.kill(pid, 'SIGCONT');
      });
      expectWhole(experiment, Math.ceil(seconds * RATE));
      expectAgreement(experiment, server.log(), { ok: ['ok'] });
      const held = experiment.arrivals.filter(({ stream, dueUs }) => stream === 0 && dueUs > 0.65e6 && dueUs < 1.65e6);
      for (const { dueUs, responseUs } of held) expect(dueUs + responseUs).toBeGreaterThan(1.69e6);
      for (const model of ['open', 'closed'] as const) {
        const invalid = experiment.batches.filter(({ health }) => health.driver === model && health.invalid);
        expect(invalid.map(({ health }) => health.clockJumpMs).some((jump) => jump > 950)).toBe(true);
      }
    },
  },
  {
    name: 'driver killed: what it owes is booked as unfinished',
    quick: true,
    async run(size) {
      await using server = await TruthServer.start({ behaviour: 'ok' });
      const seconds = Math.max(2.4, size.seconds);
      const experiment = await runLoad(both(server.url), seconds, async ({ at, driver }) => {
        await at(seconds / 2);
        for (const { pid } of driver.pids()) process.kill(pid, 'SIGKILL');
      });
      expectWhole(experiment, Math.ceil(seconds * RATE));
      expect(new Set(experiment.deaths.map((death) => death.split(':')[0]))).toEqual(new Set(['closed', 'open']));
      const open = experiment.arrivals.filter(({ stream }) => stream === 0);
      const unfinished = open.filter(({ outcome }) => outcome === 'unfinished');
      expect(unfinished.length).toBeGreaterThan((seconds / 2) * RATE - 5);
      expect(open.filter(({ outcome }) => outcome === 'ok').length).toBeGreaterThan(100);
      for (const { responseUs } of unfinished) expect(responseUs).toBe(5e6);
    },
  },
];

function moment(log: ServerLine[], event: ServerLine['event'], last = false): number {
  const found = log.filter((line) => line.event === event);
  return (last ? found.at(-1) : found[0])?.atUs ?? NaN;
}

function frozen(name: string, quick: boolean, open: Partial<StreamPlan & { model: 'open' }>): Row {
  return {
    name,
    quick,
    async run(size) {
      await using server = await TruthServer.start({ behaviour: 'ok' });
      const experiment = await runLoad(both(server.url, {}, open), size.seconds, async ({ at }) => {
        await at(size.troubleAtS);
        server.order({ type: 'freeze', ms: size.troubleMs });
      });
      const log = server.log();
      expectWhole(experiment, Math.ceil(size.seconds * RATE));
      expectAgreement(experiment, log, { ok: ['ok'] });
      const from = moment(log, 'frozen') - experiment.t0Us;
      const to = moment(log, 'thawed') - experiment.t0Us;
      const inside = experiment.arrivals.filter(({ stream, dueUs }) => stream === 0 && dueUs > from && dueUs < to);
      expect(inside.length).toBeGreaterThan((0.8 * RATE * size.troubleMs) / 1000);
      // An arrival due x into the freeze takes the rest of it, and a little for the queue to be worked off.
      const extra = inside.map(({ dueUs, responseUs }) => responseUs - (to - dueUs));
      expect(Math.min(...extra)).toBeGreaterThan(-2000);
      expect(quantile(extra, 0.5)).toBeLessThan((to - from) / 3);
      // A user waits: each was hit by the freeze once, not more.
      const stuck = experiment.arrivals.filter(
        ({ stream, responseUs }) => stream === 1 && responseUs > (size.troubleMs * 1000) / 2,
      );
      expect(stuck.length).toBeGreaterThan(0);
      expect(stuck.length).toBeLessThanOrEqual(4);
      expectNormalAfter(experiment, 0, to + 300_000);
    },
  };
}

/** Down from the `down` line to the last `listening` line of the log. */
function expectOutage(experiment: Awaited<ReturnType<typeof runLoad>>, log: ServerLine[], scheduledOpen: number): void {
  expectWhole(experiment, scheduledOpen);
  // One that was in flight at the cut may have been seen; it ends as reset or closed.
  expectAgreement(experiment, log, { ok: ['ok', 'reset', 'closed'] }, ['refused', 'reset', 'closed']);
  const from = moment(log, 'down') - experiment.t0Us;
  const to = moment(log, 'listening', true) - experiment.t0Us;
  const open = experiment.arrivals.filter(({ stream }) => stream === 0);
  // While it is down nothing is ok; edges of 30 ms for what was in flight on either side.
  const down = open.filter(({ dueUs }) => dueUs > from + 1000 && dueUs < to - 30_000);
  expect(down.length).toBeGreaterThan(50);
  expect(down.filter(({ outcome }) => outcome === 'ok')).toEqual([]);
  // They fail fast: nobody waits for the restart. (On an idle machine within a millisecond.)
  const times = down.map(({ responseUs }) => responseUs);
  expect(quantile(times, 0.5)).toBeLessThan(50_000);
  expect(quantile(times, 0.9)).toBeLessThan((to - from) / 4);
  const up = open.filter(({ dueUs }) => dueUs < from - 100_000 || dueUs > to + 5000);
  expect(up.filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
  expectNormalAfter(experiment, 0, to + 5000);
  // Closed model: a pause after each failure, so each user fails at most once in 100 ms.
  const failures = experiment.arrivals.filter(({ stream, outcome }) => stream === 1 && outcome !== 'ok');
  expect(failures.length).toBeGreaterThan(4);
  expect(failures.length).toBeLessThanOrEqual(4 * (Math.ceil((to - from) / 100_000) + 1));
  expectNormalAfter(experiment, 1, to + 200_000);
}
