import { messageOf } from '../support/errors.js';
import type { Reporter } from './reporter.js';

export interface NamedReporter {
  name: string;
  reporter: Reporter;
}

/**
 * Many reporters as one. A hook that throws or rejects is told once per reporter and hook: to the reporters that take
 * notices, or to `tell` if there is none. `onEnd` runs one after another, so that outputs don't mingle, and never rejects.
 *
 * @param tell Writes one line for people, without a line end.
 */
export function multiplex(members: readonly NamedReporter[], tell: (text: string) => void): Required<Reporter> {
  const told = new Set<string>();

  const onNotice = (text: string): void => {
    let taken = false;
    for (const { reporter } of members) {
      try {
        reporter.onNotice?.(text);
        taken ||= reporter.onNotice !== undefined;
      } catch {
        // The channel for problems is itself broken; `tell` is what is left.
      }
    }
    if (!taken) tell(text);
  };

  const failed = (name: string, hook: string, error: unknown): void => {
    const key = `${name} ${hook}`;
    if (told.has(key)) return;
    told.add(key);
    onNotice(`warning[reporter_failed] reporter ${name} failed in ${hook}: ${messageOf(error)}; the run goes on`);
  };

  return {
    onNotice,
    onEvent(event) {
      for (const { name, reporter } of members) {
        try {
          reporter.onEvent?.(event);
        } catch (error) {
          failed(name, 'onEvent', error);
        }
      }
    },
    async onEnd(result) {
      for (const { name, reporter } of members) {
        try {
          await reporter.onEnd?.(result);
        } catch (error) {
          failed(name, 'onEnd', error);
        }
      }
    },
  };
}
