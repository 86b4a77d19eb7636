import { createPublicKey, type KeyObject } from 'node:crypto';
import { CryptoError } from '../../src/lib/crypto/crypto-error.ts';
import { parsePublicKey, publicKeyDer, subjectKeyId } from '../../src/lib/crypto/key.ts';
import { parsePublicKeyInfo } from '../../src/lib/crypto/spki.ts';

/** Any bytes are refused as a key, or are the one encoding of a key that OpenSSL reads too and finds alike. */
export function target(bytes: Uint8Array): void {
  let key: KeyObject;
  try {
    key = parsePublicKey(bytes);
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'invalid-key') return;
    throw error;
  }
  const theirs = createPublicKey({ key: Buffer.from(bytes), format: 'der', type: 'spki' });
  if (!theirs.equals(key)) throw new Error('another key to OpenSSL');
  if (Buffer.compare(publicKeyDer(key), bytes) !== 0) throw new Error('a public key of two encodings');
  const info = parsePublicKeyInfo(bytes);
  if (info.algorithm !== 'unknown' && info.algorithm !== key.asymmetricKeyType) throw new Error('another kind of key');
  if (info.modulusBits !== undefined && info.modulusBits !== key.asymmetricKeyDetails?.modulusLength)
    throw new Error('modulus');
  if (subjectKeyId(bytes).length !== 20) throw new Error('no key identifier');
}
