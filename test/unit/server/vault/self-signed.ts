import { issueCertificate } from '../../../../src/lib/crypto/certificate-builder.ts';
import { generateKey, publicKeyDer, subjectKeyId } from '../../../../src/lib/crypto/key.ts';
import { Name } from '../../../../src/lib/crypto/name.ts';
import { pemEncode } from '../../../../src/lib/crypto/pem.ts';
import { signerFromKey } from '../../../../src/lib/crypto/signer.ts';

/** A certificate that vouches for itself, and its key, both in PEM. */
export async function newSelfSigned(commonName: string): Promise<{ certificate: string; privateKey: string }> {
  const key = await generateKey('ec-p256');
  const signer = signerFromKey(key);
  const subject = Name.of({ commonName });
  const certificate = await issueCertificate({
    subject,
    issuer: subject,
    uris: [],
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 86_400_000),
    isCa: false,
    keyUsages: ['digitalSignature'],
    extendedKeyUsages: ['clientAuth'],
    publicKey: signer.publicKey,
    subjectKeyId: subjectKeyId(publicKeyDer(signer.publicKey)),
    signer,
  });
  return {
    certificate: pemEncode('CERTIFICATE', certificate.der),
    privateKey: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}
