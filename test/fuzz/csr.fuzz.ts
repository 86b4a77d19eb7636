import { CryptoError } from '../../src/lib/crypto/crypto-error.ts';
import { type CertificateRequest, parseCsr } from '../../src/lib/crypto/csr.ts';

/** Any bytes are refused, or are a request whose key is strong enough. */
export function target(bytes: Uint8Array): void {
  let request: CertificateRequest;
  try {
    request = parseCsr(bytes);
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'invalid-csr') return;
    throw error;
  }
  if (Buffer.compare(request.der, bytes) !== 0) throw new Error('other bytes than were given');
  const { asymmetricKeyType, asymmetricKeyDetails } = request.publicKey;
  if (asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) < 2048) throw new Error('weak RSA key');
  if (asymmetricKeyDetails?.namedCurve === 'secp224r1') throw new Error('weak curve');
  request.subject.rfc2253();
}
