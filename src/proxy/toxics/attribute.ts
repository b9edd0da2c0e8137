import { wrongNumber, wrongType } from '../decode.js';

/** What an attribute may be in the API's JSON. */
export type AttributeValue = number | string | Readonly<Record<string, string>>;
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** An attribute that is no whole number (those are given by their default alone). */
export interface Attribute<T extends AttributeValue = AttributeValue> {
  readonly default: T;
  /** @throws ApiError 400 when the JSON value is of another type */
  read(value: unknown, where: string): T;
}

/** Any number; what it may be is for the toxic's `refuse` to say. */
export function decimal(byDefault: number): Attribute<number> {
  return {
    default: byDefault,
    read(value, where) {
      if (typeof value !== 'number') throw wrongType(value, where, 'float64');
      if (!Number.isFinite(value)) throw wrongNumber(value, where, 'float64');
      return value;
    },
  };
}

export function text<T extends string = string>(byDefault: T): Attribute<T> {
  return {
    default: byDefault,
    read(value, where) {
      if (typeof value !== 'string') throw wrongType(value, where, 'string');
      return value as T;
    },
  };
}

/** An object whose values are strings. A new one takes the place of the old one as a whole. */
export function texts(byDefault: Readonly<Record<string, string>> = {}): Attribute<Readonly<Record<string, string>>> {
  return {
    default: byDefault,
    read(value, where) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongType(value, where, 'object');
      const entries = Object.entries(value).map(([key, entry]: [string, unknown]): [string, string] => {
        if (typeof entry !== 'string') throw wrongType(entry, `${where}.${key}`, 'string');
        return [key, entry];
      });
      return Object.fromEntries(entries);
    },
  };
}
