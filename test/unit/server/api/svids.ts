import { issueCertificate } from '../../../../src/lib/crypto/certificate-builder.ts';
import { generateKey } from '../../../../src/lib/crypto/key.ts';
import { Name } from '../../../../src/lib/crypto/name.ts';
import { signerFromKey } from '../../../../src/lib/crypto/signer.ts';

/** A leaf in DER; it signs itself, since the handshake has checked a chain before anything here sees it. */
export async function issueSvid(fields: {
  uris: readonly string[];
  serialNumber?: bigint;
  notAfterMs?: number;
}): Promise<Uint8Array> {
  const { uris, serialNumber, notAfterMs = Date.UTC(2040, 0) } = fields;
  const signer = signerFromKey(await generateKey('ec-p256'));
  const subject = Name.of({ country: ['US'], organization: ['SPIRE'] });
  const certificate = await issueCertificate({
    ...(serialNumber === undefined ? {} : { serialNumber }),
    subject,
    issuer: subject,
    uris,
    notBefore: new Date(0),
    notAfter: new Date(notAfterMs),
    isCa: false,
    keyUsages: ['digitalSignature'],
    publicKey: signer.publicKey,
    signer,
  });
  return certificate.der;
}
