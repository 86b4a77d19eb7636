import type { Certificate } from '../../crypto/certificate.ts';
import { type CertificateTemplate, type EncodedName, issueCertificate } from '../../crypto/certificate-builder.ts';
import { parseCsr } from '../../crypto/csr.ts';
import type { Extension } from '../../crypto/extensions.ts';
import { subjectKeyId } from '../../crypto/key.ts';
import type { Signer } from '../../crypto/signer.ts';

/** An X509-SVID that is to be made for the key of a CSR. Plain data: it can be posted to another thread. */
export interface CsrTask {
  /** PKCS#10 DER, as it came; only its key counts. */
  readonly csr: Uint8Array;
  readonly subject: EncodedName;
  readonly issuer: EncodedName;
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  readonly extraExtensions?: readonly Extension[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly authorityKeyId: Uint8Array | undefined;
}

/** What all X509-SVIDs have in common. */
export const X509_SVID_PROFILE = {
  isCa: false,
  keyUsages: ['digitalSignature', 'keyEncipherment', 'keyAgreement'],
  extendedKeyUsages: ['serverAuth', 'clientAuth'],
} as const satisfies Partial<CertificateTemplate>;

/**
 * Checks the CSR and makes the certificate.
 *
 * @throws CryptoError `invalid-csr`; `invalid-certificate` and what the signer throws if the certificate cannot be made
 */
export async function issueForCsr({ csr, ...template }: CsrTask, signer: Signer): Promise<Certificate> {
  const { publicKeyDer } = parseCsr(csr);
  return await issueCertificate({
    ...X509_SVID_PROFILE,
    ...template,
    publicKey: publicKeyDer,
    subjectKeyId: subjectKeyId(publicKeyDer),
    signer,
  });
}
