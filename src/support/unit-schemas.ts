import { z } from 'zod';
import { splitCommandLine } from './command-line.js';
import {
  parseAddress,
  parseBytesPerSecond,
  parseDurationMs,
  parseShare,
  parseSizeBytes,
  type Parsed,
} from './units.js';

/**
 * Zod schemas of the quantities in `units.ts`. Their input is the text that people write (so JSON Schema shows a string
 * with a description), their output a number in the unit of the schema's name.
 */
function quantity<T>(parse: (text: string) => Parsed<T>, description: string, examples: string[]) {
  return z
    .string(`expected ${description}, such as ${examples[0]}`)
    .describe(description)
    .meta({ examples })
    .transform((text, context): T => {
      const parsed = parse(text);
      if (parsed.ok) return parsed.value;
      context.addIssue({ code: 'custom', message: parsed.problem, input: text });
      return z.NEVER;
    });
}

export const durationMs = quantity(parseDurationMs, 'a duration with its unit', ['150ms', '30s', '1h30m']);
export const positiveDurationMs = durationMs.refine((ms) => ms > 0, 'must be longer than zero');
export const share = quantity(parseShare, 'a share in percent', ['30%']);
export const sizeBytes = quantity(parseSizeBytes, 'a size with its unit', ['64KB', '1MiB']);
export const bytesPerSecond = quantity(parseBytesPerSecond, 'a data rate with its unit', ['64KB/s', '1MB/s']);
export const address = quantity(parseAddress, 'an address, host:port', ['127.0.0.1:7303']);

/** A program and its arguments, run without a shell; quotes keep blanks together. */
export const commandLine = z.string().superRefine((text, context) => {
  const words = splitCommandLine(text);
  if (!words.ok) context.addIssue({ code: 'custom', message: words.problem, input: text });
});
