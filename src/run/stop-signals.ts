import { request } from 'undici';
import { queryInstant } from '../metrics/prometheus-client.js';
import type { StopSignalsPlan } from '../plan/plan.js';
import { systemClock } from '../support/clock.js';
import { PlimsollError, messageOf, systemCodeOf } from '../support/errors.js';
import { endingOf, runBounded } from '../targets/command.js';
import { checkReady } from './readiness.js';
import type { Trip } from './stop-guard.js';

/** So often in a row must a signal be unreadable before the run ends: it runs blind then. */
const BLIND = 3;

/** `alarm`: stop. `blind`: it can't be read, and why. */
type Reading = 'calm' | { alarm: string } | { blind: string };

interface Signal {
  name: string;
  read(abort: AbortSignal): Promise<Reading>;
}

/**
 * The user's own stop signals. Each is read once before anything is broken, and then again and again until the run is
 * over. One that cannot be read three times in a row stops the run as well: whoever gave it relies on it.
 */
export class StopSignals {
  readonly #signals: Signal[];

  constructor(
    private readonly plan: StopSignalsPlan,
    context: { cwd: string; env: Record<string, string> },
  ) {
    this.#signals = signalsOf(plan, context);
  }

  /**
   * A look before anything is broken.
   *
   * @throws PlimsollError `stop_signal_on`, `stop_signal_unreadable`
   */
  async check(abort: AbortSignal): Promise<void> {
    for (const signal of this.#signals) {
      const reading = await signal.read(abort);
      if (reading === 'calm') continue;
      const isOn = 'alarm' in reading;
      throw new PlimsollError({
        code: isOn ? 'stop_signal_on' : 'stop_signal_unreadable',
        message: `the stop signal \`${signal.name}\` ${isOn ? `is on already: ${reading.alarm}` : `cannot be read: ${reading.blind}`}; nothing was injected`,
        hint: isOn ? 'Mend the system first, or the signal.' : `Mend \`stop.${signal.name}\`, or leave it out.`,
      });
    }
  }

  /** Watches until `abort`; calls back once. */
  watch(abort: AbortSignal, onTrip: (trip: Trip) => void): void {
    for (const signal of this.#signals) void this.#watchOne(signal, abort, onTrip);
  }

  async #watchOne(signal: Signal, abort: AbortSignal, onTrip: (trip: Trip) => void): Promise<void> {
    let blind = 0;
    try {
      while (!abort.aborted) {
        const reading = await signal.read(abort);
        if (abort.aborted) return;
        blind = reading !== 'calm' && 'blind' in reading ? blind + 1 : 0;
        if (reading !== 'calm' && ('alarm' in reading || blind >= BLIND)) {
          const message =
            'alarm' in reading
              ? `the stop signal \`${signal.name}\` is on: ${reading.alarm}`
              : `the stop signal \`${signal.name}\` could not be read ${blind} times in a row: ${reading.blind}`;
          onTrip({ guard: `signal-${signal.name}`, message, figures: {} });
          return;
        }
        await systemClock.sleep(this.plan.everyMs, abort);
      }
    } catch (error) {
      // The run is over; anything else must not leave the person without the guard that was asked for.
      if (!abort.aborted)
        onTrip({ guard: `signal-${signal.name}`, message: `the stop signal broke: ${messageOf(error)}`, figures: {} });
    }
  }
}

function signalsOf(plan: StopSignalsPlan, context: { cwd: string; env: Record<string, string> }): Signal[] {
  const { command, prometheus, alarmUrl, ready, timeLimitMs } = plan;
  const signals: Signal[] = [];
  if (command !== undefined) {
    signals.push({
      name: 'command',
      async read(abort) {
        const what = { command, environment: context.env, directory: context.cwd };
        const result = await attempt(async () => runBounded(what, timeLimitMs, abort), abort);
        if ('blind' in result) return result;
        if (result.value.timedOut) return { blind: endingOf(result.value) };
        return result.value.exitCode === 0 ? 'calm' : { alarm: `the command ${endingOf(result.value)}` };
      },
    });
  }
  if (prometheus !== undefined) {
    signals.push({
      name: 'prometheus',
      async read(signal) {
        const { url, query } = prometheus;
        const result = await attempt(async () => queryInstant(url, query, { timeLimitMs, signal }), signal);
        if ('blind' in result) return result;
        const [first] = result.value;
        if (!first) return 'calm';
        const labels = Object.entries(first.labels).map(([name, value]) => `${name}="${value}"`);
        return { alarm: `\`${query}\` holds, with ${first.points[0]?.[1]} for {${labels.join(', ')}}` };
      },
    });
  }
  if (alarmUrl !== undefined) {
    signals.push({
      name: 'alarmUrl',
      async read(signal) {
        const limit = AbortSignal.any([signal, AbortSignal.timeout(timeLimitMs)]);
        const result = await attempt(async () => {
          const answer = await request(alarmUrl, { signal: limit, reset: true });
          await answer.body.dump();
          return answer.statusCode;
        }, signal);
        if ('blind' in result) return result;
        const isCalm = result.value >= 200 && result.value < 300;
        return isCalm ? 'calm' : { alarm: `${alarmUrl} answers ${result.value}` };
      },
    });
  }
  if (ready !== undefined) {
    signals.push({
      name: 'ready',
      async read() {
        const answer = await checkReady(ready, timeLimitMs);
        // A single missed answer is no lost system.
        return answer === true ? 'calm' : { blind: `${ready} says ${answer}` };
      },
    });
  }
  return signals;
}

async function attempt<T>(work: () => Promise<T>, abort: AbortSignal): Promise<{ value: T } | { blind: string }> {
  try {
    return { value: await work() };
  } catch (error) {
    abort.throwIfAborted();
    return { blind: error instanceof PlimsollError ? error.message : (systemCodeOf(error) ?? messageOf(error)) };
  }
}
