import { createPrivateKey, createPublicKey, generateKeyPair, hash, type KeyObject } from 'node:crypto';
import { CryptoError } from './crypto-error.ts';
import { pemEncode } from './pem.ts';
import { parsePublicKeyInfo } from './spki.ts';

/** The kinds of keys that this package makes; the names of SPIRE's settings. */
export type KeyType = 'ec-p256' | 'ec-p384' | 'rsa-2048' | 'rsa-4096';

/** Makes a private key on a thread of the pool. */
export function generateKey(type: KeyType): Promise<KeyObject> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, _publicKey: KeyObject, privateKey: KeyObject): void => {
      if (error !== null) reject(new CryptoError('invalid-key', `cannot generate a ${type} key`, { cause: error }));
      else resolve(privateKey);
    };
    switch (type) {
      case 'ec-p256':
        return generateKeyPair('ec', { namedCurve: 'prime256v1' }, done);
      case 'ec-p384':
        return generateKeyPair('ec', { namedCurve: 'secp384r1' }, done);
      case 'rsa-2048':
        return generateKeyPair('rsa', { modulusLength: 2048 }, done);
      case 'rsa-4096':
        return generateKeyPair('rsa', { modulusLength: 4096 }, done);
    }
  });
}

/** Which of our own kinds the key (private or public) is; undefined for any other. */
export function findKeyType(key: KeyObject): KeyType | undefined {
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === 'ec') {
    if (details?.namedCurve === 'prime256v1') return 'ec-p256';
    if (details?.namedCurve === 'secp384r1') return 'ec-p384';
  }
  if (key.asymmetricKeyType === 'rsa') {
    if (details?.modulusLength === 2048) return 'rsa-2048';
    if (details?.modulusLength === 4096) return 'rsa-4096';
  }
  return undefined;
}

/** The private key as PKCS#8 DER, unencrypted (RFC 5958). */
export function privateKeyToPkcs8(key: KeyObject): Uint8Array {
  if (key.type !== 'private') throw new CryptoError('invalid-key', 'not a private key');
  return key.export({ format: 'der', type: 'pkcs8' });
}

/**
 * Reads an unencrypted PKCS#8 private key.
 *
 * @throws CryptoError `invalid-key`
 */
export function parsePkcs8(der: Uint8Array): KeyObject {
  try {
    return createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
  } catch (cause) {
    throw new CryptoError('invalid-key', 'malformed PKCS#8 private key', { cause });
  }
}

/** The key of a certificate's subject: a KeyObject (either half) or SubjectPublicKeyInfo DER, which costs no export. */
export type PublicKey = KeyObject | Uint8Array;

/** The public half as SubjectPublicKeyInfo DER. */
export function publicKeyDer(key: PublicKey): Uint8Array {
  if (key instanceof Uint8Array) return key;
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ format: 'der', type: 'spki' });
}

/**
 * Reads a SubjectPublicKeyInfo in its canonical form.
 *
 * @throws CryptoError `invalid-key`, also for a point that is not on its curve
 */
export function parsePublicKey(spki: Uint8Array): KeyObject {
  parsePublicKeyInfo(spki);
  try {
    // As text: node:crypto takes 10 microseconds to find out that an object with options is not a key itself.
    return createPublicKey(pemEncode('PUBLIC KEY', spki));
  } catch (cause) {
    throw new CryptoError('invalid-key', 'malformed public key', { cause });
  }
}

/** True if both have the same public half; each may be private or public. */
export function isSamePublicKey(a: KeyObject, b: KeyObject): boolean {
  return Buffer.compare(publicKeyDer(a), publicKeyDer(b)) === 0;
}

/** The subject key identifier: SHA-1 over the bit string of the public key (RFC 5280 section 4.2.1.2, method 1). */
export function subjectKeyId(spki: Uint8Array): Uint8Array {
  return hash('sha1', parsePublicKeyInfo(spki).bitString, 'buffer');
}
