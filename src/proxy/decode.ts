import { badRequest } from './errors.js';

/** A JSON object whose keys are looked up whatever their letter case; of several that match, the last counts. */
export type Fields = ReadonlyMap<string, unknown>;

/** @throws ApiError 400 `bad request body: …` */
export function parseBody(body: string): unknown {
  if (body.trim() === '') throw badRequest('EOF');
  try {
    return JSON.parse(body) as unknown;
  } catch (error) {
    throw badRequest(syntaxError(error as SyntaxError, body));
  }
}

/** `null` counts as `{}`. @param where the name of the thing in the error text */
export function fieldsOf(value: unknown, where: string): Fields {
  if (value === null || value === undefined) return new Map();
  if (typeof value !== 'object' || Array.isArray(value)) throw wrongType(value, where, 'object');
  return new Map(Object.entries(value).map(([key, entry]) => [key.toLowerCase(), entry]));
}

export function listOf(value: unknown, where: string): unknown[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw wrongType(value, where, 'array');
  return value as unknown[];
}

/** The field, or undefined when it is missing or null. */
export function stringField(fields: Fields, key: string, where: string): string | undefined {
  const value = fields.get(key) ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw wrongType(value, `${where}.${key}`, 'string');
}

export function booleanField(fields: Fields, key: string, where: string): boolean | undefined {
  const value = fields.get(key) ?? undefined;
  if (value === undefined || typeof value === 'boolean') return value;
  throw wrongType(value, `${where}.${key}`, 'bool');
}

/** Rounded to a float32, as the original stores it. */
export function float32Field(fields: Fields, key: string, where: string): number | undefined {
  const value = fields.get(key) ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== 'number') throw wrongType(value, `${where}.${key}`, 'float32');
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded)) throw wrongNumber(value, `${where}.${key}`, 'float32');
  return rounded;
}

/** A whole number that JavaScript holds exactly; the original goes on to 2^63 - 1. */
export function integerField(fields: Fields, key: string, where: string): number | undefined {
  const value = fields.get(key) ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== 'number') throw wrongType(value, `${where}.${key}`, 'int64');
  if (!Number.isSafeInteger(value)) throw wrongNumber(value, `${where}.${key}`, 'int64');
  return value;
}

/** The shortest decimal that reads back as the same float32. */
export function shortestFloat32(value: number): number {
  for (let digits = 1; digits < 9; digits += 1) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return Number(value.toPrecision(9));
}

/** The value is of another JSON type than wanted. */
export function wrongType(value: unknown, where: string, wanted: string): Error {
  return badRequest(`json: cannot unmarshal ${kindOf(value)} into field ${where} of type ${wanted}`);
}

/** A number that the wanted type can't hold. */
export function wrongNumber(value: number, where: string, wanted: string): Error {
  return badRequest(`json: cannot unmarshal number ${value} into field ${where} of type ${wanted}`);
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/** The parser's own words, except that a body which merely ends too early is named as in the original. */
function syntaxError({ message }: SyntaxError, body: string): string {
  const position = / at position (\d+)/.exec(message)?.[1];
  const endsEarly =
    /Unexpected end|Unterminated string/.test(message) ||
    (position !== undefined && Number(position) >= body.trimEnd().length) ||
    ['true', 'false', 'null', '-'].some((literal) => literal.startsWith(body.trim()));
  if (endsEarly) return 'unexpected EOF';
  const token = /^Unexpected token '?(.)/u.exec(message)?.[1];
  return token === undefined ? message : `invalid character '${token}' (${message})`;
}
