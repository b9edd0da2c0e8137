import type { Readable } from 'node:stream';
import { MASK, isSecretName, redact } from '../record/redact.js';
import { systemClock } from '../support/clock.js';

/** So much of the beginning and of the end of the output is kept while it runs; what lies between is forgotten. */
const KEPT_BYTES = 64 * 1024;
/** So much of each is shown. Far less than what is kept, so that a secret that was cut in two is never among it. */
const SHOWN_CHARACTERS = 2048;
/** A shorter text is no secret, and masking it would garble the output. */
const SHORTEST_SECRET = 4;

/** What a command printed, as it may be shown: secrets masked, and only its beginning and its end where it is long. */
export function shownOutput(text: string, environment: Readonly<Record<string, string | undefined>>): string {
  return shortened(masked(text, environment));
}

/** Masks the values of variables whose names promise a secret, and whatever else looks like one. */
function masked(text: string, environment: Readonly<Record<string, string | undefined>>): string {
  const secrets = Object.entries(environment)
    .flatMap(([name, value]) =>
      isSecretName(name) && name !== 'PWD' && value !== undefined ? [value, ...value.split('\n')] : [],
    )
    .filter((value) => value.length >= SHORTEST_SECRET)
    .sort((a, b) => b.length - a.length);
  return redact(secrets.reduce((masking, secret) => masking.replaceAll(secret, MASK), text));
}

function shortened(text: string): string {
  const trimmed = text.trim();
  if (trimmed.length <= 2 * SHOWN_CHARACTERS) return trimmed;
  return `${trimmed.slice(0, SHOWN_CHARACTERS)}\n… (${trimmed.length - 2 * SHOWN_CHARACTERS} characters left out) …\n${trimmed.slice(-SHOWN_CHARACTERS)}`;
}

/** The beginning and the end of what streams say. They are read on, so that whoever writes is never held up. */
export class BoundedOutput {
  #head = Buffer.alloc(0);
  #tail = Buffer.alloc(0);
  #ended: Promise<unknown>;

  constructor(private readonly streams: readonly Readable[]) {
    for (const stream of streams) {
      stream.on('data', (chunk: Buffer) => this.#add(chunk));
      stream.on('error', () => undefined);
    }
    this.#ended = Promise.all(streams.map(async (stream) => new Promise((resolve) => stream.once('close', resolve))));
  }

  /** Waits for the rest of the output, but not for that of a daemon which the command left behind. */
  async settle(): Promise<void> {
    await Promise.race([this.#ended, systemClock.sleep(100)]);
    for (const stream of this.streams) (stream as Partial<{ unref(): void }>).unref?.();
  }

  text(): string {
    return `${this.#head.toString()}${this.#tail.toString()}`;
  }

  #add(chunk: Buffer): void {
    const room = KEPT_BYTES - this.#head.length;
    if (room > 0) this.#head = Buffer.concat([this.#head, chunk.subarray(0, room)]);
    if (chunk.length > room)
      this.#tail = Buffer.concat([this.#tail, chunk.subarray(Math.max(0, room))]).subarray(-KEPT_BYTES);
  }
}
