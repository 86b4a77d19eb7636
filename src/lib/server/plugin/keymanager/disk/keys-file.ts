import type { KeyObject } from 'node:crypto';
import { parsePkcs8, privateKeyToPkcs8 } from '../../../../crypto/key.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';

/**
 * Reads the text of a `keys.json`: `{"keys": {"<id>": "<PKCS #8 in base64>"}}`, the format of SPIRE's disk key manager.
 * Unknown members beside `keys` are ignored. Throws `data-loss` for anything else: a key that was once there must not
 * silently go missing.
 */
export function parseKeysFile(text: string): Map<string, KeyObject> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new SpirekitError('data-loss', `unable to decode keys JSON: ${messageOf(cause)}`, { cause });
  }
  const members = memberOf(document, 'keys');
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

function parseKey(id: string, encoded: unknown): KeyObject {
  if (typeof encoded !== 'string') throw new SpirekitError('data-loss', `unable to parse key ${JSON.stringify(id)}`);
  const der = Buffer.from(encoded, 'base64');
  if (der.toString('base64') !== encoded) {
    throw new SpirekitError('data-loss', `unable to parse key ${JSON.stringify(id)}: not base64`);
  }
  try {
    return parsePkcs8(der);
  } catch (cause) {
    throw new SpirekitError('data-loss', `unable to parse key ${JSON.stringify(id)}: ${messageOf(cause)}`, { cause });
  }
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
