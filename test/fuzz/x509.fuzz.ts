import { Certificate } from '../../src/lib/crypto/certificate.ts';
import { verifyChain } from '../../src/lib/crypto/chain.ts';
import { CryptoError } from '../../src/lib/crypto/crypto-error.ts';
import { findForbiddenName } from '../../src/lib/crypto/name-constraints.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { getSpiffeId } from '../../src/lib/spiffe/x509-svid.ts';

/** Any bytes are refused, or are a certificate whose fields can be used and that no root vouches for by accident. */
export function target(bytes: Uint8Array): void {
  let certificate: Certificate;
  try {
    certificate = Certificate.parse(bytes);
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'invalid-certificate') return;
    throw error;
  }
  if (Buffer.compare(certificate.der, bytes) !== 0) throw new Error('other bytes than were given');
  if (!Certificate.parsePem(certificate.toPem()).every((again) => again.equals(certificate))) throw new Error('PEM');
  if (certificate.serialNumber < 0n) throw new Error('negative serial number');
  if (certificate.isCa && !certificate.hasBasicConstraints) throw new Error('CA without basic constraints');
  if (Number.isNaN(certificate.notBefore.getTime()) || Number.isNaN(certificate.notAfter.getTime()))
    throw new Error('time');
  certificate.subject.rfc2253();
  certificate.issuer.rfc2253();
  if (certificate.nameConstraints !== undefined) findForbiddenName(certificate.nameConstraints, certificate);
  expectRefusal(() => getSpiffeId(certificate));
  expectRefusal(() => certificate.publicKey);
  expectRefusal(() => {
    verifyChain({ leaf: certificate, intermediates: [certificate], roots: [], nowMs: certificate.notBeforeMs });
    throw new Error('verified without a root');
  });
}

function expectRefusal(use: () => void): void {
  try {
    use();
  } catch (error) {
    if (!(error instanceof SpirekitError)) throw error;
  }
}
