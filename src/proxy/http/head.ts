import { METHODS } from 'node:http';

export interface RequestHead {
  method: string;
  /** As sent: mostly a path with its query. */
  target: string;
  version: '1.0' | '1.1';
  /** By name in small letters, in order of coming. */
  headers: ReadonlyMap<string, readonly string[]>;
}

export interface ResponseHead {
  version: '1.0' | '1.1';
  status: number;
  headers: ReadonlyMap<string, readonly string[]>;
}

/** How the end of a message's body is told. */
export type Framing =
  | { kind: 'none' }
  | { kind: 'length'; bytes: number }
  | { kind: 'chunked' }
  /** The end of the connection is the end of the body. */
  | { kind: 'until-close' };

const KNOWN_METHODS = new Set(METHODS);
const REQUEST_LINE = /^([A-Z-]+) ([\x21-\x7e\x80-\xff]+) HTTP\/(1\.[01])$/;
const STATUS_LINE = /^HTTP\/(1\.[01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const FIELD_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/;

/** @param text without the empty line at its end. @returns undefined when it is no head by the strict rules */
export function parseRequestHead(text: string): RequestHead | undefined {
  const lines = text.split('\r\n');
  const [, method, target, version] = REQUEST_LINE.exec(lines[0] ?? '') ?? [];
  const headers = parseFields(lines);
  if (method === undefined || target === undefined || !KNOWN_METHODS.has(method) || !headers) return undefined;
  return { method, target, version: version as RequestHead['version'], headers };
}

export function parseResponseHead(text: string): ResponseHead | undefined {
  const lines = text.split('\r\n');
  const [, version, status] = STATUS_LINE.exec(lines[0] ?? '') ?? [];
  const headers = parseFields(lines);
  if (status === undefined || !headers) return undefined;
  return { version: version as ResponseHead['version'], status: Number(status), headers };
}

/** Undefined where two readers could disagree about the end: such bytes had better not be cut up. */
export function requestFraming({ headers, version }: RequestHead): Framing | undefined {
  return declaredFraming(headers, version) ?? (headers.has('content-length') ? undefined : noBody(headers));
}

/** @param method of the request that it answers */
export function responseFraming({ status, headers, version }: ResponseHead, method: string): Framing | undefined {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return { kind: 'none' };
  const declared = declaredFraming(headers, version);
  if (declared) return declared;
  return headers.has('content-length') || headers.has('transfer-encoding') ? undefined : { kind: 'until-close' };
}

/** Does the sender of this head end the connection behind the message? */
export function endsConnection({ headers, version }: RequestHead | ResponseHead): boolean {
  const options = (headers.get('connection') ?? []).flatMap((value) => value.toLowerCase().split(/[ \t]*,[ \t]*/));
  return version === '1.0' ? !options.includes('keep-alive') : options.includes('close');
}

/** May a request begin so? The answer for the first bytes of a stream, however few. */
export function couldBeginRequest(text: string): boolean {
  const [line = '', ...more] = text.replace(/^(?:\r\n?){0,2}/, '').split('\r\n');
  if (more.length > 0) return parsesAsRequestLine(line);
  const [method = '', target, version, ...rest] = line.split(' ');
  if (target === undefined) return METHODS.some((known) => known.startsWith(method));
  if (!KNOWN_METHODS.has(method) || rest.length > 0 || !/^[\x21-\x7e\x80-\xff]*$/.test(target)) return false;
  return version === undefined || ['HTTP/1.0\r', 'HTTP/1.1\r'].some((whole) => whole.startsWith(version));
}

export function couldBeginResponse(text: string): boolean {
  const [line = '', ...more] = text.split('\r\n');
  if (more.length > 0) return STATUS_LINE.test(line);
  return line.length < 9
    ? ['HTTP/1.0 ', 'HTTP/1.1 '].some((start) => start.startsWith(line))
    : /^HTTP\/1\.[01] /.test(line);
}

/** Does a whole request line stand at the beginning? */
export function beginsWithRequestLine(data: Buffer): boolean {
  const end = data.indexOf('\r\n');
  return end > 0 && parsesAsRequestLine(data.toString('latin1', 0, end));
}

function parsesAsRequestLine(line: string): boolean {
  const [, method] = REQUEST_LINE.exec(line) ?? [];
  return method !== undefined && KNOWN_METHODS.has(method);
}

function parseFields(lines: readonly string[]): Map<string, string[]> | undefined {
  const fields = new Map<string, string[]>();
  for (const line of lines.slice(1)) {
    const [, name, value] = FIELD_LINE.exec(line) ?? [];
    if (name === undefined || value === undefined) return undefined;
    const key = name.toLowerCase();
    const values = fields.get(key);
    if (values) values.push(value);
    else fields.set(key, [value]);
  }
  return fields;
}

/** One transfer encoding that is `chunked`, or one length; undefined for anything else, nothing at all included. */
function declaredFraming(headers: RequestHead['headers'], version: string): Framing | undefined {
  const encodings = headers.get('transfer-encoding');
  const lengths = headers.get('content-length');
  if (encodings) {
    const chunked = encodings.length === 1 && encodings[0]?.toLowerCase() === 'chunked';
    return chunked && !lengths && version === '1.1' ? { kind: 'chunked' } : undefined;
  }
  const [length] = lengths ?? [];
  if (lengths?.length !== 1 || length === undefined || !/^\d{1,15}$/.test(length)) return undefined;
  return length === '0' ? { kind: 'none' } : { kind: 'length', bytes: Number(length) };
}

function noBody(headers: RequestHead['headers']): Framing | undefined {
  return headers.has('transfer-encoding') ? undefined : { kind: 'none' };
}
