import type { KeyObject } from 'node:crypto';
import { parsePkcs8, privateKeyToPkcs8 } from '../crypto/key.ts';
import { SpirekitError } from '../runtime/errors.ts';

/**
 * Reads the text of a `keys.json`: `{"keys": {"<id>": "<PKCS #8 in base64>"}}`, the format of SPIRE's disk key managers.
 * Unknown members beside `keys` are ignored. Throws `data-loss` for anything else: a key that was once there must not
 * silently go missing. The message holds nothing of the text.
 */
export function parseKeysFile(text: string): Map<string, KeyObject> {
  const members = memberOf(parseJson(text), 'keys');
  if (typeof members !== 'object' || members === null || Array.isArray(members)) {
    throw new SpirekitError('data-loss', 'unable to decode keys JSON: member "keys" is not an object');
  }
  return new Map(Object.entries(members).map(([id, encoded]) => [id, parseKey(id, encoded)]));
}

/** Writes the text that {@link parseKeysFile} reads, with ids in order. */
export function formatKeysFile(keys: ReadonlyMap<string, KeyObject>): string {
  const ids = [...keys].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  // Not an object literal: ids such as "__proto__" must survive, and integer-like ones keep their order.
  const members = ids.map(
    ([id, key]) => `\t\t${JSON.stringify(id)}: "${Buffer.from(privateKeyToPkcs8(key)).toString('base64')}"`,
  );
  return `{\n\t"keys": {${members.length > 0 ? `\n${members.join(',\n')}\n\t` : ''}}\n}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, and with it keys.
    throw new SpirekitError('data-loss', 'unable to decode keys JSON');
  }
}

function parseKey(id: string, encoded: unknown): KeyObject {
  const named = `unable to parse key ${JSON.stringify(id)}`;
  if (typeof encoded !== 'string') throw new SpirekitError('data-loss', `${named}: not a string`);
  const der = Buffer.from(encoded, 'base64');
  if (der.toString('base64') !== encoded) throw new SpirekitError('data-loss', `${named}: not base64`);
  try {
    return parsePkcs8(der);
  } catch (cause) {
    throw new SpirekitError('data-loss', `${named}: not a private key in PKCS #8`, { cause });
  }
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}
