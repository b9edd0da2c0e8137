import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { EVENT_BODIES, type EventType } from '../../src/record/events.js';
import { masked } from '../../src/gameday/blind.js';
import { until } from '../e2e/harness.js';
import { Served, type Stream } from './served.js';

const note = (served: Served, text: string) => served.log.append('note', { who: 'Ada', text });
const lines = (served: Served) =>
  served.log.events.filter(({ type }) => type !== 'plan.resolved').map(({ seq }) => seq);

describe('the streams', () => {
  it('lose nothing and repeat nothing, however often they are cut', async () => {
    await using served = await Served.open();
    const cookie = await served.signIn();
    const got: number[] = [];
    for (let cut = 0; cut < 5; cut++) {
      const stream = await served.stream(cookie, got.at(-1));
      for (let k = 0; k < 3; k++) note(served, `during ${cut}/${k}`);
      const all = lines(served);
      expect(await until(() => stream.seqs.at(-1) === all.at(-1), 5000)).toBeDefined();
      got.push(...stream.seqs);
      stream.cut();
      for (let k = 0; k < 3; k++) note(served, `between ${cut}/${k}`);
    }
    const last = await served.stream(cookie, got.at(-1));
    expect(await until(() => last.seqs.length === 3, 5000)).toBeDefined();
    expect([...got, ...last.seqs]).toEqual(lines(served));
    // A reload has seen nothing.
    const reload = await served.stream(cookie);
    expect(await until(() => reload.seqs.length === lines(served).length, 5000)).toBeDefined();
    expect(reload.seqs).toEqual(lines(served));
  });

  it('are at most three a session, so that an abort finds a connection; the oldest is closed and told so', async () => {
    await using served = await Served.open();
    const cookie = await served.signIn();
    const streams: Stream[] = [];
    for (let k = 0; k < 4; k++) streams.push(await served.stream(cookie));
    expect(await until(() => streams[0]!.ended, 5000)).toBeDefined();
    expect(streams[0]!.text).toContain('event: closed');
    expect(streams.map(({ ended }) => ended)).toEqual([true, false, false, false]);
    const other = await served.stream(await served.signIn());
    await wait(50);
    expect(other.ended).toBe(false);
    expect(served.show.viewers).toBe(4);
  });

  it('drop a browser that takes nothing, and only that one', async () => {
    await using served = await Served.open();
    const { port, pathname, host } = served.url;
    const slow = connect({ port: Number(port), host: '127.0.0.1' });
    slow.write(`GET ${pathname}events HTTP/1.1\r\nHost: ${host}\r\nCookie: ${await served.signIn()}\r\n\r\n`);
    slow.pause();
    slow.on('error', () => undefined);
    const well = await served.stream(await served.signIn());
    expect(await until(() => served.show.viewers === 2, 5000)).toBeDefined();
    for (let k = 0; k < 15_000 && served.show.viewers === 2; k++) {
      note(served, 'x'.repeat(900));
      if (k % 100 === 0) await wait(1);
    }
    expect(served.show.viewers).toBe(1);
    const end = note(served, 'the end').seq;
    expect(await until(() => well.seqs.at(-1) === end, 10_000)).toBeDefined();
    slow.destroy();
  });
});

describe('a blind game day', () => {
  it('shows the team nothing of the faults until they are revealed, and then all of it', async () => {
    await using served = await Served.open(true);
    const team = await served.signIn('team');
    const operator = await served.stream(await served.signIn('operator'));
    const stream = await served.stream(team);
    served.log.append('phase.started', { phase: 'fault', trial: 1 });
    served.log.append('steer', { who: 'Ada', action: 'inject', subject: 'f1' });
    const about = { fault: 'f1', faultType: 'latency', summary: 'payment answers 150 ms late', targets: [] };
    served.log.append('fault.requested', about);
    const proof = { status: 'confirmed' as const, method: 'canary', finding: 'measured 150 ms', measured: {} };
    served.log.append('fault.proven', { ...about, proof });
    served.log.append('warning', { code: 'x', message: 'latency (f1) is odd' });
    note(served, 'anything?');
    expect(
      await until(() => /anything\?/.test(stream.text) && /1 fault active/.test(operator.text), 5000),
    ).toBeDefined();
    await wait(200);
    expect(stream.text).not.toMatch(/latency|payment|150|f1|injects|active/i);
    expect(operator.text).toMatch(/payment answers 150 ms late/);
    for (const action of ['inject', 'lift'])
      expect((await served.post('orders', { action, fault: 'f1' }, { cookie: team })).status).toBe(403);
    for (const action of ['finish', 'reveal', 'hold', 'go'])
      expect((await served.post('orders', { action }, { cookie: team })).status).toBe(403);
    const seen = stream.seqs.at(-1);
    stream.cut();
    served.log.append('steer', { who: 'Ada', action: 'reveal' });
    const after = await served.stream(team, seen);
    expect(await until(() => /1 fault active/.test(after.text), 5000)).toBeDefined();
    expect(after.text).toContain('event: reset');
    expect(after.seqs).toEqual(lines(served));
    expect(after.text).toMatch(/payment answers 150 ms late/);
  });

  it('hides every type of event that is not known to be harmless', () => {
    const types = Object.keys(EVENT_BODIES) as EventType[];
    const shown = types.filter((type) => {
      const event = { v: 1, seq: 1, t: 0, type, scenario: {}, action: 'inject', phase: 'injecting' };
      return masked(event as never) !== undefined;
    });
    expect(shown.sort()).toEqual(
      [
        'run.started',
        'plan.resolved',
        'second',
        'driver.health',
        'slo.breached',
        'slo.recovered',
        'stop.tripped',
        'note',
        'signal',
        'error',
        'run.ended',
      ].sort(),
    );
  });
});
