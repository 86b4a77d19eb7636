import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { type CertificateTemplate, issueCertificate } from '../../../src/lib/crypto/certificate-builder.ts';
import { generateKey, publicKeyDer, subjectKeyId } from '../../../src/lib/crypto/key.ts';
import { Name } from '../../../src/lib/crypto/name.ts';
import { type Signer, signerFromKey } from '../../../src/lib/crypto/signer.ts';

/** The moment at which the certificates made here are valid: they start a minute before and end an hour after. */
export const NOW_MS = Date.UTC(2026, 0, 1, 12);

/** A certificate with the key that it is for. */
export interface Issued {
  readonly certificate: Certificate;
  readonly key: KeyObject;
  readonly signer: Signer;
}

/** Issues a certificate for a new P-256 key; without an issuer it is self-signed. Anything can be overridden. */
export async function issue(overrides: Partial<CertificateTemplate>, issuer?: Issued): Promise<Issued> {
  const key = await generateKey('ec-p256');
  const own = signerFromKey(key);
  const subject = overrides.subject ?? Name.of({ commonName: 'test' });
  const certificate = await issueCertificate({
    subject,
    issuer: issuer?.certificate.subject ?? subject,
    notBefore: new Date(NOW_MS - 60_000),
    notAfter: new Date(NOW_MS + 3_600_000),
    isCa: false,
    keyUsages: ['digitalSignature'],
    publicKey: own.publicKey,
    subjectKeyId: subjectKeyId(publicKeyDer(own.publicKey)),
    ...(issuer?.certificate.subjectKeyId !== undefined && { authorityKeyId: issuer.certificate.subjectKeyId }),
    signer: issuer?.signer ?? own,
    ...overrides,
  });
  return { certificate, key, signer: own };
}

/** Issues a CA. */
export function issueCa(overrides: Partial<CertificateTemplate> = {}, issuer?: Issued): Promise<Issued> {
  const subject = Name.of({ country: ['US'], organization: ['SPIFFE'], commonName: issuer ? 'intermediate' : 'root' });
  return issue({ subject, isCa: true, keyUsages: ['keyCertSign', 'cRLSign'], ...overrides }, issuer);
}
