import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { systemClock } from '../support/clock.js';
import type { Audience } from './orders.js';

/** Why a request is turned away. */
export interface Refusal {
  status: 400 | 401 | 403 | 421 | 429;
  message: string;
}

/** So many wrong tokens a minute get an answer of their own; a right one always gets in. */
const GUESSES_PER_MINUTE = 20;
const MOST_SESSIONS = 200;

/**
 * Who may see and do what. The token stands in the fragment of the printed URL, which no browser sends anywhere; the page
 * exchanges it once for a cookie that scripts can't read and other sites can't send. Cookies don't tell ports apart, so it
 * is bound to the game day's own path: the system under test, on another port of the same host, never gets it.
 */
export class Access {
  readonly tokens: Readonly<Record<Audience, string>> = { operator: secret(), team: secret() };
  /** The first part of every path: not secret, but of this run alone. */
  readonly base = `/gameday-${randomBytes(6).toString('hex')}`;
  readonly #sessions = new Map<string, Audience>();
  #wrong: number[] = [];

  /** @param blind only then there is a team that sees less */
  constructor(private readonly blind: boolean) {}

  /**
   * Is the request meant for this server, and does it come from its own page? Against DNS rebinding a foreign name in
   * `Host` is refused, whatever address it leads to; against other sites, and other ports of this host, the `Origin`.
   */
  checkOrigin(headers: IncomingHttpHeaders, method: string, port: number): Refusal | undefined {
    const own = [`127.0.0.1:${port}`, `localhost:${port}`];
    const { host, origin } = headers;
    if (host === undefined) return { status: 400, message: 'A Host header is needed.' };
    if (!own.includes(host)) return { status: 421, message: `This is not ${clip(host)}.` };
    const site = headers['sec-fetch-site'];
    if (method === 'GET' || method === 'HEAD') {
      if (origin !== undefined && origin !== `http://${host}`)
        return { status: 403, message: 'Requests from other sites are refused.' };
      return undefined;
    }
    if (origin !== `http://${host}`) return { status: 403, message: 'Orders come from the game day’s own page alone.' };
    if (site !== undefined && site !== 'same-origin')
      return { status: 403, message: 'Orders from other sites are refused.' };
    return undefined;
  }

  /** A new session for a right token. @returns the `Set-Cookie` header and who it is, or why not. */
  exchange(token: unknown): { cookie: string; audience: Audience } | Refusal {
    const audience = (['operator', 'team'] as const).find(
      (who) => typeof token === 'string' && same(token, this.tokens[who]) && (who === 'operator' || this.blind),
    );
    if (!audience) return this.#guessed();
    const id = secret();
    this.#sessions.set(id, audience);
    // The oldest ones go; a person who is still there opens the link again.
    for (const old of this.#sessions.keys()) {
      if (this.#sessions.size <= MOST_SESSIONS) break;
      this.#sessions.delete(old);
    }
    return { cookie: `${COOKIE}=${id}; Path=${this.base}/; HttpOnly; SameSite=Strict`, audience };
  }

  /** Whose session a request belongs to. */
  sessionOf(headers: IncomingHttpHeaders): { id: string; audience: Audience } | undefined {
    const given = (headers.cookie ?? '')
      .split(';')
      .map((pair) => pair.trim().split('='))
      .filter(([name]) => name === COOKIE)
      .map(([, value = '']) => value);
    for (const id of given) {
      const audience = this.#sessions.get(id);
      if (audience) return { id, audience };
    }
    return undefined;
  }

  #guessed(): Refusal {
    const nowMs = systemClock.nowUs() / 1000;
    this.#wrong = [...this.#wrong.filter((at) => at > nowMs - 60_000), nowMs].slice(-GUESSES_PER_MINUTE - 1);
    return this.#wrong.length > GUESSES_PER_MINUTE
      ? { status: 429, message: 'Too many wrong tokens; wait a minute.' }
      : { status: 403, message: 'That token is not of this game day. Open the link that the command has printed.' };
  }
}

const COOKIE = 'plimsoll';

/** 256 bits: guessing is hopeless at any rate. */
function secret(): string {
  return randomBytes(32).toString('base64url');
}

/** Compares without telling by its time how much was right. */
function same(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function clip(text: string): string {
  return text.replace(/[^\w.:[\]-]/g, '?').slice(0, 80);
}
