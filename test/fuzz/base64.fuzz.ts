import { decodeBase64, decodeBase64Url, encodeBase64Url } from '../../src/lib/crypto/base64.ts';
import { CryptoError } from '../../src/lib/crypto/crypto-error.ts';

const STANDARD = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const URL_SAFE = /^[A-Za-z0-9_-]*$/;

/** Any text is refused, or is the one encoding of its bytes in the alphabet. */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('latin1');
  check(text, decodeBase64, (decoded) => Buffer.from(decoded).toString('base64'), STANDARD);
  check(text, decodeBase64Url, encodeBase64Url, URL_SAFE);
  if (Buffer.compare(decodeBase64Url(encodeBase64Url(bytes)), bytes) !== 0)
    throw new Error('bytes changed by being written');
}

function check(
  text: string,
  decode: (text: string) => Uint8Array,
  encode: (bytes: Uint8Array) => string,
  alphabet: RegExp,
): void {
  let decoded: Uint8Array;
  try {
    decoded = decode(text);
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'invalid-encoding') return;
    throw error;
  }
  if (!alphabet.test(text)) throw new Error('a character of another alphabet');
  if (encode(decoded) !== text) throw new Error('a second encoding of the same bytes');
}
