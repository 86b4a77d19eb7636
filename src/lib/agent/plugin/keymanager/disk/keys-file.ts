import type { KeyObject } from 'node:crypto';
import { parsePkcs8, privateKeyToPkcs8 } from '../../../../crypto/key.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';

/**
 * Reads the text of an agent's `keys.json`, `{"keys": {"<id>": "<PKCS #8 in base64>"}}`, as SPIRE's disk key manager
 * writes it. Members beside `keys` are passed over. Throws `data-loss` for anything else; the message holds no key.
 */
export function parseKeysFile(text: string): Map<string, KeyObject> {
  const members = keysOf(parseJson(text));
  return new Map(members.map(([id, encoded]) => [id, parseKey(id, encoded)]));
}

/** Writes the text that {@link parseKeysFile} reads, ids in order. */
export function formatKeysFile(keys: ReadonlyMap<string, KeyObject>): string {
  const ids = [...keys.keys()].sort();
  // Not by way of an object: its order and its special names would change what is written.
  const members = ids.flatMap((id) => {
    const key = keys.get(id);
    return key === undefined ? [] : [`\t\t${JSON.stringify(id)}: "${base64(privateKeyToPkcs8(key))}"`];
  });
  return members.length === 0 ? '{\n\t"keys": {}\n}' : `{\n\t"keys": {\n${members.join(',\n')}\n\t}\n}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, and with it keys.
    throw new SpirekitError('data-loss', 'unable to decode keys JSON');
  }
}

function keysOf(document: unknown): [string, unknown][] {
  const keys =
    typeof document === 'object' && document !== null && Object.hasOwn(document, 'keys') && 'keys' in document
      ? document.keys
      : undefined;
  if (typeof keys !== 'object' || keys === null || Array.isArray(keys)) {
    throw new SpirekitError('data-loss', 'unable to decode keys JSON: "keys" is not an object');
  }
  return Object.entries(keys);
}

function parseKey(id: string, encoded: unknown): KeyObject {
  const named = `unable to parse key ${JSON.stringify(id)}`;
  if (typeof encoded !== 'string') throw new SpirekitError('data-loss', `${named}: not a string`);
  const der = Buffer.from(encoded, 'base64');
  if (base64(der) !== encoded) throw new SpirekitError('data-loss', `${named}: not base64`);
  try {
    return parsePkcs8(der);
  } catch (cause) {
    throw new SpirekitError('data-loss', `${named}: not a private key in PKCS #8`, { cause });
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
