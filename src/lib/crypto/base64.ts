import { CryptoError } from './crypto-error.ts';

/**
 * Decodes padded base64 (RFC 4648 section 4). Unlike `Buffer.from`, which skips what it does not know, it takes nothing
 * but the alphabet, the right padding and zero bits at the end.
 *
 * @throws CryptoError `invalid-encoding`
 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  return decode(text, 'base64');
}

/**
 * Decodes base64url without padding, as JOSE writes it (RFC 7515 section 2), as strictly as {@link decodeBase64}.
 *
 * @throws CryptoError `invalid-encoding`
 */
export function decodeBase64Url(text: string): Uint8Array<ArrayBuffer> {
  return decode(text, 'base64url');
}

/** Encodes as base64url without padding. */
export function encodeBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}

/** What decodes and encodes back to the same text was canonical: cheaper than looking at each character. */
function decode(text: string, alphabet: 'base64' | 'base64url'): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.from(text, alphabet);
  if (bytes.toString(alphabet) !== text) throw new CryptoError('invalid-encoding', `malformed ${alphabet}`);
  return bytes;
}
