import type { ConfigPosition } from '../config-error.ts';
import { syntaxError } from './source-cursor.ts';

/**
 * Bytes of a configuration file as text. A byte order mark stays, and is then refused like any other stray character.
 *
 * @throws {ConfigError} code `invalid-config` at the first byte that is not UTF-8
 */
export function decodeUtf8(bytes: Uint8Array): string {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  const position = text.includes('\ufffd') ? findBadByte(text, bytes) : undefined;
  if (position !== undefined) throw syntaxError('illegal UTF-8 encoding', position);
  return text;
}

/** The first replacement character that the bytes do not hold themselves. */
function findBadByte(text: string, bytes: Uint8Array): ConfigPosition | undefined {
  let line = 1;
  let column = 1;
  let offset = 0;
  for (const character of text) {
    const isGenuine = bytes[offset] === 0xef && bytes[offset + 1] === 0xbf && bytes[offset + 2] === 0xbd;
    if (character === '\ufffd' && !isGenuine) return { line, column };
    offset += Buffer.byteLength(character);
    column += 1;
    if (character === '\n') {
      line += 1;
      column = 1;
    }
  }
  return undefined;
}
