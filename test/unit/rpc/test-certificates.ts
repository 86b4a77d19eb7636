import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { issueCertificate } from '../../../src/lib/crypto/certificate-builder.ts';
import { generateKey, publicKeyDer, subjectKeyId } from '../../../src/lib/crypto/key.ts';
import { Name } from '../../../src/lib/crypto/name.ts';
import { signerFromKey } from '../../../src/lib/crypto/signer.ts';

/** A certificate and its key. */
export interface Identity {
  readonly certificate: Certificate;
  readonly key: KeyObject;
}

/** Issues a certificate for a new key; without an issuer it signs itself. */
export async function makeIdentity(
  uri: string,
  options: { isCa?: boolean; issuer?: Identity } = {},
): Promise<Identity> {
  const { isCa = false, issuer } = options;
  const key = await generateKey('ec-p256');
  const keyId = subjectKeyId(publicKeyDer(key));
  const subject = Name.of({ country: ['US'], organization: ['TEST'] });
  const certificate = await issueCertificate({
    subject,
    issuer: issuer?.certificate.subject ?? subject,
    uris: [uri],
    notBefore: new Date(Date.UTC(2020, 0)),
    notAfter: new Date(Date.UTC(2099, 0)),
    isCa,
    keyUsages: isCa ? ['keyCertSign', 'cRLSign'] : ['digitalSignature'],
    extendedKeyUsages: isCa ? [] : ['serverAuth', 'clientAuth'],
    publicKey: createPublicKey(key),
    subjectKeyId: keyId,
    authorityKeyId: issuer?.certificate.subjectKeyId ?? keyId,
    signer: signerFromKey(issuer?.key ?? key),
  });
  return { certificate, key };
}
