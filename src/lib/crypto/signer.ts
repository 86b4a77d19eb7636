import { createPublicKey, type KeyObject, sign } from 'node:crypto';

/** Something that holds a private key: one in memory, or a plugin's. */
export interface Signer {
  readonly publicKey: KeyObject;
  /**
   * Signs the data, hashing it as the key asks: SHA-256 for RSA (PKCS#1 v1.5) and P-256, SHA-384 for P-384, SHA-512 for
   * P-521, none for Ed25519; what Go's x509 picks. ECDSA signatures are DER.
   */
  sign(data: Uint8Array): Promise<Uint8Array>;
}

/** A signer over a private key in memory. */
export function signerFromKey(privateKey: KeyObject): Signer {
  return {
    publicKey: createPublicKey(privateKey),
    sign: async (data) => sign('sha256', data, privateKey),
  };
}
