import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

/** Why two PEM files are no certificate and its private key, in Go's words; undefined if they are. */
export function findKeyPairFault(certificatePem: Uint8Array, keyPem: Uint8Array): string | undefined {
  const certificate = orUndefined(() => new X509Certificate(certificatePem));
  if (certificate === undefined) return 'tls: failed to find any PEM data in certificate input';
  const key: KeyObject | undefined = orUndefined(() => createPrivateKey(Buffer.from(keyPem)));
  if (key === undefined) return 'tls: failed to find any PEM data in key input';
  return certificate.checkPrivateKey(key) ? undefined : 'tls: private key does not match public key';
}

/** What OpenSSL says is of no help, and nobody knows whether it holds something of a key. */
function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
