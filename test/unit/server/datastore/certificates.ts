import { issueCertificate } from '../../../../src/lib/crypto/certificate-builder.ts';
import { generateKey, publicKeyDer, subjectKeyId } from '../../../../src/lib/crypto/key.ts';
import { Name } from '../../../../src/lib/crypto/name.ts';
import { signerFromKey } from '../../../../src/lib/crypto/signer.ts';

/** A self-signed root of a trust domain in DER that ends at the given time. */
export async function rootCertificate(trustDomain: string, notAfterSeconds: number): Promise<Uint8Array> {
  const key = await generateKey('ec-p256');
  const signer = signerFromKey(key);
  const subject = Name.of({ country: ['US'], organization: ['SPIFFE'] });
  const certificate = await issueCertificate({
    subject,
    issuer: subject,
    uris: [`spiffe://${trustDomain}`],
    notBefore: new Date(0),
    notAfter: new Date(notAfterSeconds * 1000),
    isCa: true,
    keyUsages: ['keyCertSign', 'cRLSign'],
    publicKey: signer.publicKey,
    subjectKeyId: subjectKeyId(publicKeyDer(signer.publicKey)),
    signer,
  });
  return new Uint8Array(certificate.der);
}
