import { fieldsOf, float32Field, integerField, listOf, shortestFloat32, stringField, type Fields } from './decode.js';
import { ApiError } from './errors.js';
import { TOXIC_TYPES } from './toxics/registry.js';
import type { Attributes, AttributeValue } from './toxics/attribute.js';
import { nothingSeen, type AnyToxicDefinition, type Stream, type Toxic } from './toxics/toxic.js';

/** A toxic as the API shows it. */
export function toxicToJson(toxic: Toxic): string {
  return JSON.stringify({
    attributes: toxic.attributes,
    name: toxic.name,
    type: toxic.definition.type,
    stream: toxic.streamAsTyped,
    toxicity: shortestFloat32(toxic.toxicity),
  });
}

/**
 * The body of a toxic's creation.
 * @param isTaken is there a toxic of this name already?
 * @throws ApiError 400 or 409, in the original's order: JSON types, stream, type, duplicate, attribute values
 */
export function toxicFromJson(body: unknown, isTaken: (name: string) => boolean): Toxic {
  const fields = fieldsOf(body, 'ToxicWrapper');
  const givenName = stringField(fields, 'name', 'ToxicWrapper');
  const type = stringField(fields, 'type', 'ToxicWrapper') ?? '';
  const streamAsTyped = stringField(fields, 'stream', 'ToxicWrapper') ?? 'downstream';
  const toxicity = float32Field(fields, 'toxicity', 'ToxicWrapper') ?? 1;
  const attributes = fieldsOf(fields.get('attributes'), 'ToxicWrapper.attributes');

  const stream = streamAsTyped.toLowerCase();
  if (!isStream(stream)) throw new ApiError(400, 'stream was invalid, can be either upstream or downstream');
  const definition = TOXIC_TYPES.get(type);
  if (!definition) throw new ApiError(400, 'invalid toxic type');
  const name = givenName || `${type}_${streamAsTyped}`;
  if (isTaken(name)) throw new ApiError(409, 'toxic already exists');
  return {
    name,
    streamAsTyped,
    stream,
    definition,
    toxicity,
    attributes: mergeAttributes(definition, defaultsOf(definition), attributes),
    seen: nothingSeen(),
    struck: 0,
  };
}

/** The `toxics` of a proxy's creation: the original ignores them, we add them before the first byte flows. */
export function toxicsFromJson(fields: Fields): Toxic[] {
  const toxics: Toxic[] = [];
  for (const body of listOf(fields.get('toxics'), 'Proxy.toxics')) {
    toxics.push(toxicFromJson(body, (name) => toxics.some((toxic) => toxic.name === name)));
  }
  return toxics;
}

/** What an update asks for; nothing is changed yet. @throws ApiError 400 */
export function toxicUpdateFromJson(toxic: Toxic, body: unknown): { toxicity: number; attributes: Attributes } {
  const fields = fieldsOf(body, 'ToxicWrapper');
  const attributes = fieldsOf(fields.get('attributes'), 'ToxicWrapper.attributes');
  return {
    toxicity: float32Field(fields, 'toxicity', 'ToxicWrapper') ?? toxic.toxicity,
    attributes: mergeAttributes(toxic.definition, toxic.attributes, attributes),
  };
}

function mergeAttributes(definition: AnyToxicDefinition, before: Attributes, given: Fields): Attributes {
  const merged: Record<string, AttributeValue> = { ...before };
  for (const [key, attribute] of Object.entries(definition.attributes)) {
    const where = `${definition.type}.attributes`;
    const value = given.get(key) ?? undefined;
    const read =
      value === undefined || typeof attribute === 'number'
        ? integerField(given, key, where)
        : attribute.read(value, `${where}.${key}`);
    if (read !== undefined) merged[key] = read;
  }
  const refusal = definition.refuse?.(merged);
  if (refusal !== undefined) throw new ApiError(400, `invalid attribute: ${refusal}`);
  return merged;
}

function defaultsOf({ attributes }: AnyToxicDefinition): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).map(([key, attribute]) => [
      key,
      typeof attribute === 'number' ? attribute : attribute.default,
    ]),
  );
}

function isStream(text: string): text is Stream {
  return text === 'upstream' || text === 'downstream';
}
