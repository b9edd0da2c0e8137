import { Toxiproxy } from 'toxiproxy-node-client';
import { PlimsollError, messageOf, systemCodeOf } from '../support/errors.js';

/** How long one call of a Toxiproxy API may take. Its own limit is 25 s, and a stuck toxic can use all of it. */
const CALL_TIME_LIMIT_MS = 5000;

/** What Plimsoll calls an error that came back from the API or from the way there. */
export class ToxiproxyFailure extends PlimsollError {
  constructor(
    /** HTTP status; 0 when there was no answer. */
    readonly status: number,
    /** `ECONNREFUSED` … when there was no answer. */
    readonly systemCode: string | undefined,
    details: ConstructorParameters<typeof PlimsollError>[0],
  ) {
    super(details);
  }
}

/**
 * The library's client with its transport replaced. The library's own one has no time limit, loses the server's error
 * text and status, and is led astray by a trailing slash; its classes (`Toxiproxy`, `Proxy`, `Toxic`) all go through
 * `client.api`, so this is the one place to mend that.
 *
 * @param api `http://127.0.0.1:8474`
 */
export function connectToxiproxy(api: string, signal?: AbortSignal): Toxiproxy {
  const client = new Toxiproxy(api.replace(/\/+$/, ''));
  // The library does not export the transport's class, only its shape is fixed.
  client.api = new Transport(signal) as unknown as Toxiproxy['api'];
  return client;
}

/** A name as a path segment of the API. The library does not encode them. */
export function checkName(kind: 'proxy' | 'toxic', name: string): string {
  if (/^[A-Za-z0-9_.-]+$/.test(name) && !/^\.+$/.test(name)) return name;
  throw new PlimsollError({
    code: 'bad_name',
    message: `the ${kind} name "${name}" cannot be used with the Toxiproxy API`,
    hint: 'Use letters, digits, "_", "." and "-".',
    kind: 'usage',
  });
}

class Transport {
  constructor(private readonly signal: AbortSignal | undefined) {}

  async get(url: string): Promise<{ data: unknown }> {
    return { data: parse(await this.#send('GET', url), url) };
  }

  async post(url: string, body?: unknown): Promise<{ data: unknown }> {
    return { data: parse(await this.#send('POST', url, body), url) };
  }

  async delete(url: string): Promise<void> {
    await this.#send('DELETE', url);
  }

  async getText(url: string): Promise<string> {
    return this.#send('GET', url);
  }

  async #send(method: string, url: string, body?: unknown): Promise<string> {
    const timeLimit = AbortSignal.timeout(CALL_TIME_LIMIT_MS);
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, {
        method,
        redirect: 'error',
        signal: this.signal ? AbortSignal.any([this.signal, timeLimit]) : timeLimit,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
      });
      text = await response.text();
    } catch (error) {
      throw unreachable(method, url, error, timeLimit.aborted);
    }
    if (!response.ok) throw refused(method, url, response.status, text);
    return text;
  }
}

function parse(text: string, url: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ToxiproxyFailure(200, undefined, {
      code: 'toxiproxy_no_json',
      message: `${url} answered with something that is not JSON: ${text.slice(0, 80)}`,
      hint: 'Is this address the API of a Toxiproxy server (usually port 8474)?',
      cause: error,
    });
  }
}

function refused(method: string, url: string, status: number, text: string): ToxiproxyFailure {
  let words = text.trim().slice(0, 300);
  try {
    const body = JSON.parse(text) as { error?: unknown };
    if (typeof body.error === 'string') words = body.error;
  } catch {
    // Not every answer is JSON: an unknown path is plain text.
  }
  return new ToxiproxyFailure(status, undefined, {
    code: status === 404 ? 'toxiproxy_not_found' : status === 409 ? 'toxiproxy_conflict' : 'toxiproxy_refused',
    message: `Toxiproxy answered ${status} to ${method} ${url}: ${words || 'no text'}`,
  });
}

function unreachable(method: string, url: string, error: unknown, late: boolean): ToxiproxyFailure {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = systemCodeOf(cause) ?? systemCodeOf(error);
  const why = late ? `no answer within ${CALL_TIME_LIMIT_MS / 1000} s` : (code ?? messageOf(cause ?? error));
  return new ToxiproxyFailure(0, code, {
    code: 'toxiproxy_unreachable',
    message: `no answer from Toxiproxy to ${method} ${url}: ${why}`,
    hint: 'Is the server running, and is `system.toxiproxy` its API address?',
    cause: error,
  });
}
