import type { JsonValue } from './protojson.ts';
import { escapeControls } from './terminal-text.ts';

/**
 * What names the items of an answer, one a line, for `xargs` and loops: the texts at a path of fields such as
 * `entry.id`, through lists; `*` stands for every field. A SPIFFE ID is written as one; an item that the server refused has no name.
 */
export function nameLines(items: readonly JsonValue[], path: string): string {
  const names = namesAt(items, path.split('.'));
  return names.map((name) => `${escapeControls(name)}\n`).join('');
}

/** The result of one item of a batch has a status of gRPC. */
function isRefused(item: JsonValue): boolean {
  const status = fieldOf(item, 'status');
  const code = status === undefined ? undefined : fieldOf(status, 'code');
  return typeof code === 'number' && code !== 0;
}

function namesAt(value: JsonValue, path: readonly string[]): string[] {
  if (isList(value)) return value.filter((item) => !isRefused(item)).flatMap((item) => namesAt(item, path));
  const [field, ...rest] = path;
  if (field === '*') return Object.values(value ?? {}).flatMap((inner: JsonValue) => namesAt(inner, rest));
  if (field !== undefined) {
    const inner = fieldOf(value, field);
    return inner === undefined ? [] : namesAt(inner, rest);
  }
  const text = spiffeIdOf(value) ?? (typeof value === 'object' ? '' : String(value));
  return text === '' ? [] : [text];
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function fieldOf(value: JsonValue, name: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || isList(value)) return undefined;
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

/** The text of a SPIFFE ID as SPIRE's JSON has it: an object of trust domain and path. Undefined for anything else. */
export function spiffeIdOf(value: JsonValue): string | undefined {
  const trustDomain = fieldOf(value, 'trust_domain');
  const path = fieldOf(value, 'path');
  if (typeof trustDomain !== 'string' || typeof path !== 'string' || trustDomain === '') return undefined;
  return Object.keys(value ?? {}).length === 2 ? `spiffe://${trustDomain}${path}` : undefined;
}
