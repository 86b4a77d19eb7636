import { createPublicKey, KeyObject, sign } from 'node:crypto';
import { CryptoError } from './crypto-error.ts';
import { getDefaultSignatureAlgorithm, keyForAlgorithm } from './signature-algorithm.ts';

/** Something that holds a private key: one in memory, or a plugin's. */
export interface Signer {
  readonly publicKey: KeyObject;
  /**
   * Signs the data, hashing it as the key asks: SHA-256 for RSA (PKCS#1 v1.5) and P-256, SHA-384 for P-384, SHA-512 for
   * P-521, none for Ed25519; what Go's x509 picks. ECDSA signatures are DER. The signal ends a call to a key that is
   * elsewhere; one in this process signs at once.
   */
  sign(data: Uint8Array, options?: { readonly signal?: AbortSignal | undefined }): Promise<Uint8Array>;
}

/** A signer whose private key is in this process, which its other threads may be handed. */
export interface LocalSigner extends Signer {
  readonly privateKey: KeyObject;
}

/** Whether the signer's private key is in this process. */
export function isLocalSigner(signer: Signer): signer is LocalSigner {
  return 'privateKey' in signer && signer.privateKey instanceof KeyObject;
}

/**
 * A signer over a private key in memory.
 *
 * @throws CryptoError `invalid-key` for a key that cannot sign
 */
export function signerFromKey(privateKey: KeyObject): LocalSigner {
  if (privateKey.type !== 'private') throw new CryptoError('invalid-key', 'not a private key');
  const publicKey = createPublicKey(privateKey);
  const algorithm = getDefaultSignatureAlgorithm(publicKey);
  const key = keyForAlgorithm(algorithm, privateKey);
  if (algorithm.keyType !== 'rsa') {
    // Some 20 microseconds: sending it to a thread would cost more.
    return { publicKey, privateKey, sign: async (data) => sign(algorithm.digest, data, key) };
  }
  return {
    publicKey,
    privateKey,
    sign: (data) =>
      new Promise((resolve, reject) => {
        sign(algorithm.digest, data, key, (error, signature) => {
          if (error === null) resolve(signature);
          else reject(new CryptoError('invalid-key', 'cannot sign', { cause: error }));
        });
      }),
  };
}
