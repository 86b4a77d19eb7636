import { CryptoError } from '../crypto-error.ts';
import { Tag } from './tags.ts';

/** PrintableString of X.680, with `*` and `&`, which certificates in use carry, as Go reads it. */
const PRINTABLE = /^[A-Za-z0-9'()+,\-./:=? *&]*$/;
const STRICTLY_PRINTABLE = /^[A-Za-z0-9'()+,\-./:=? ]*$/;
const IA5 = /^[\x00-\x7f]*$/;
const NUMERIC = /^[0-9 ]*$/;
/** Surrogates and noncharacters, which UCS-2 has no room for. */
const NOT_UCS2 = /[\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]/;

/**
 * Reads a string of one of the types that names use.
 *
 * @throws CryptoError `invalid-encoding` for an unknown type or characters that the type lacks
 */
export function decodeString(tag: number, contents: Uint8Array): string {
  switch (tag) {
    case Tag.utf8String:
      return decodeUtf8(contents);
    case Tag.printableString:
      return decodeLatin1(contents, PRINTABLE);
    case Tag.ia5String:
      return decodeIa5(contents);
    case Tag.numericString:
      return decodeLatin1(contents, NUMERIC);
    case Tag.t61String:
      // T.61 is long dead; its users meant ISO 8859-1, and Go reads it so.
      return decodeLatin1(contents, /^/);
    case Tag.bmpString:
      return decodeBmp(contents);
    default:
      throw malformed('unknown string type');
  }
}

/** Reads ASCII. */
export function decodeIa5(contents: Uint8Array): string {
  return decodeLatin1(contents, IA5);
}

/** Writes as PrintableString where that is enough, else as UTF8String: what Go does. */
export function encodeDirectoryString(text: string): { readonly tag: number; readonly contents: Uint8Array } {
  if (!text.isWellFormed()) throw malformed('string with half a surrogate pair');
  const tag = STRICTLY_PRINTABLE.test(text) ? Tag.printableString : Tag.utf8String;
  return { tag, contents: Buffer.from(text, 'utf8') };
}

function decodeLatin1(contents: Uint8Array, allowed: RegExp): string {
  const text = Buffer.from(contents.buffer, contents.byteOffset, contents.byteLength).toString('latin1');
  if (!allowed.test(text)) throw malformed('string');
  return text;
}

function decodeUtf8(contents: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(contents);
  } catch (cause) {
    throw new CryptoError('invalid-encoding', 'malformed DER: string is not UTF-8', { cause });
  }
}

function decodeBmp(contents: Uint8Array): string {
  if (contents.length % 2 !== 0) throw malformed('BMPString');
  let text = '';
  for (let i = 0; i < contents.length; i += 2) {
    text += String.fromCharCode(((contents[i] ?? 0) << 8) | (contents[i + 1] ?? 0));
  }
  if (text.endsWith('\0')) text = text.slice(0, -1);
  if (NOT_UCS2.test(text)) throw malformed('BMPString');
  return text;
}

function malformed(what: string): CryptoError {
  return new CryptoError('invalid-encoding', `malformed DER: ${what}`);
}
