import { SpirekitError } from '../runtime/errors.ts';

/** A value of JSON. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** What the shape of a ts-proto message does not tell. Fields are named as in TypeScript, wherever they occur. */
export interface ProtoJsonHints {
  /** Enum fields with their const objects. */
  readonly enums?: Readonly<Record<string, Readonly<Record<string, number | string>>>>;
  /** Fields of type `map<string, ...>`: their keys are data. */
  readonly maps?: readonly string[];
  /** Fields of type `google.protobuf.Struct`: keys at every depth are data. */
  readonly structs?: readonly string[];
}

/**
 * The JSON of a message as SPIRE's `-output json` shows it: proto field names, defaults written out, 64-bit integers as
 * strings, bytes in base64, enums by name, absent messages left out.
 *
 * @throws SpirekitError `internal` for values that no message holds (functions, symbols)
 */
export function protoJson(message: unknown, hints: ProtoJsonHints = {}): JsonValue {
  return convert(message, { hints, verbatimKeys: false, isStruct: false });
}

/** The JSON of a `google.protobuf.Struct` (as ts-proto unwraps it), its keys in order. */
export function structJson(struct: object): JsonValue {
  return convert(struct, { hints: {}, verbatimKeys: true, isStruct: true });
}

interface Position {
  readonly hints: ProtoJsonHints;
  readonly verbatimKeys: boolean;
  readonly isStruct: boolean;
}

function convert(value: unknown, position: Position): JsonValue {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return value.toString();
    case 'object':
      break;
    default:
      throw new SpirekitError('internal', `a message holds a ${typeof value}`);
  }
  if (value === null) return null;
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  if (Array.isArray(value)) {
    return value.filter((item) => isPresent(item, position)).map((item) => convert(item, position));
  }
  return convertObject(value, position);
}

function convertObject(value: object, position: Position): JsonValue {
  const { hints } = position;
  const fields: [string, JsonValue][] = [];
  for (const [key, field] of Object.entries(value)) {
    if (!isPresent(field, position)) continue;
    if (position.verbatimKeys) {
      fields.push([key, convert(field, { ...position, verbatimKeys: position.isStruct })]);
      continue;
    }
    const choice = oneofCase(field);
    if (choice !== undefined) {
      fields.push([protoFieldName(choice.$case), convert(choice.value, position)]);
      continue;
    }
    const names = hints.enums?.[key];
    if (names !== undefined && (typeof field === 'number' || Array.isArray(field))) {
      fields.push([protoFieldName(key), enumNames(field, names)]);
      continue;
    }
    const isStruct = hints.structs?.includes(key) ?? false;
    const verbatimKeys = isStruct || (hints.maps?.includes(key) ?? false);
    fields.push([protoFieldName(key), convert(field, { hints, verbatimKeys, isStruct })]);
  }
  // Go sorts by bytes. Names of fields are ASCII, where JavaScript's order is the same and much faster.
  if (position.verbatimKeys) fields.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  else fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields);
}

/** In a message null is the same as nothing; in a Struct it is a value. */
function isPresent(value: unknown, { isStruct }: Position): boolean {
  return value !== undefined && (value !== null || isStruct);
}

function oneofCase(field: unknown): { $case: string; value: unknown } | undefined {
  if (typeof field !== 'object' || field === null || !('$case' in field) || !('value' in field)) return undefined;
  return typeof field.$case === 'string' ? { $case: field.$case, value: field.value } : undefined;
}

function enumNames(field: unknown, names: Readonly<Record<string, number | string>>): JsonValue {
  if (Array.isArray(field)) return field.map((item: unknown) => enumNames(item, names));
  const found = Object.entries(names).find(([, number]) => number === field);
  return found?.[0] ?? Number(field);
}

/** `x509SvidTtl` is `x509_svid_ttl`: the inverse of what the generator does to the names of our definitions. */
export function protoFieldName(key: string): string {
  return CAPITAL.test(key) ? key.replaceAll(CAPITALS, (letter) => `_${letter.toLowerCase()}`) : key;
}

const CAPITAL = /[A-Z]/;
const CAPITALS = /[A-Z]/g;

/** Writes JSON on one line as Go's encoder does: no blanks, `<`, `>`, `&` and the line separators escaped. */
export function jsonText(value: JsonValue): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** JSON on one line with a blank after each comma: what the drop-ins print within pretty text. */
export function spacedJsonText(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(spacedJsonText).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, field]) => `${JSON.stringify(key)}:${spacedJsonText(field)}`)
    .join(', ')}}`;
}
