import type { KeyObject } from 'node:crypto';
import { CryptoError } from '../../src/lib/crypto/crypto-error.ts';
import { parsePkcs8, parsePublicKey, privateKeyToPkcs8, publicKeyDer } from '../../src/lib/crypto/key.ts';

/** Any bytes are refused as a key, or are one that is the same again after it was written. */
export function target(bytes: Uint8Array): void {
  const privateKey = refusedOr(() => parsePkcs8(bytes));
  if (privateKey !== undefined) {
    if (!parsePkcs8(privateKeyToPkcs8(privateKey)).equals(privateKey)) throw new Error('another private key');
    publicKeyDer(privateKey);
  }
  const publicKey = refusedOr(() => parsePublicKey(bytes));
  if (publicKey === undefined) return;
  if (Buffer.compare(publicKeyDer(publicKey), bytes) !== 0) throw new Error('a public key of two encodings');
}

function refusedOr(parse: () => KeyObject): KeyObject | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'invalid-key') return undefined;
    throw error;
  }
}
