import { STATUS_CODES } from 'node:http';
import { endsConnection, type RequestHead } from '../http/head.js';
import { refuseTargeting, targeting, type Targeting } from '../http/targeting.js';
import { text, texts } from './attribute.js';
import type { ToxicDefinition } from './toxic.js';

type HttpStatus = { status: number; body: string; headers: Readonly<Record<string, string>> } & Targeting;

/** These say how the message ends or what becomes of the connection: the proxy writes them itself. */
const OWN_HEADERS = new Set(['content-length', 'transfer-encoding', 'connection', 'keep-alive', 'upgrade', 'trailer']);

/**
 * Answers a request in the upstream's place: it never gets there. The answer comes when the request has been read to its
 * end, and behind the answers to requests before it.
 */
export default {
  type: 'http_status',
  attributes: { status: 503, body: text(''), headers: texts(), ...targeting },
  refuse(attributes) {
    const { status, headers } = attributes;
    if (status < 200 || status > 599) return `status must be from 200 to 599, received ${status}`;
    for (const [name, value] of Object.entries(headers)) {
      if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) return `${JSON.stringify(name)} is no name of a header`;
      if (OWN_HEADERS.has(name.toLowerCase())) return `the header ${name} is written by the proxy itself`;
      if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) return `the header ${name} can't have this value`;
    }
    return refuseTargeting(attributes);
  },
  strikes: ({ first }) => first,
  request: (attributes) => ({ kind: 'answer', answer: (request) => answerTo(request, attributes) }),
} satisfies ToxicDefinition<HttpStatus>;

function answerTo(request: RequestHead, { status, body, headers }: HttpStatus): Buffer {
  const content = Buffer.from(body, 'utf8');
  const hasBody = status !== 204 && status !== 304;
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  if (!Object.keys(headers).some((name) => name.toLowerCase() === 'date'))
    lines.push(`Date: ${new Date().toUTCString()}`);
  if (hasBody) lines.push(`Content-Length: ${content.length}`);
  if (endsConnection(request)) lines.push('Connection: close');
  else if (request.version === '1.0') lines.push('Connection: keep-alive');
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return hasBody && request.method !== 'HEAD' ? Buffer.concat([head, content]) : head;
}
