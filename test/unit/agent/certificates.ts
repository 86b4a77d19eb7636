import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { issueCertificate } from '../../../src/lib/crypto/certificate-builder.ts';
import { generateKey, publicKeyDer, subjectKeyId } from '../../../src/lib/crypto/key.ts';
import { Name } from '../../../src/lib/crypto/name.ts';
import { type Signer, signerFromKey } from '../../../src/lib/crypto/signer.ts';
import { TRUST_DOMAIN } from './support.ts';

/** A certification authority of the trust domain. */
export interface TestCa {
  readonly certificate: Certificate;
  readonly signer: Signer;
}

/** Makes an authority that is valid from an hour before to twenty years after the given time. */
export async function makeCa(nowMs: number, trustDomain = TRUST_DOMAIN): Promise<TestCa> {
  const signer = signerFromKey(await generateKey('ec-p256'));
  const subject = Name.of({ country: ['US'], organization: ['SPIFFE'] });
  const keyId = subjectKeyId(publicKeyDer(signer.publicKey));
  const certificate = await issueCertificate({
    subject,
    issuer: subject,
    uris: [trustDomain.id().toString()],
    notBefore: new Date(nowMs - 3_600_000),
    notAfter: new Date(nowMs + 20 * 366 * 86_400_000),
    isCa: true,
    keyUsages: ['keyCertSign', 'cRLSign'],
    publicKey: signer.publicKey,
    subjectKeyId: keyId,
    signer,
  });
  return { certificate, signer };
}

/** Makes an SVID for a public key. */
export function makeSvid(
  ca: TestCa,
  options: {
    readonly uri: string;
    readonly publicKey: KeyObject;
    readonly notBeforeMs: number;
    readonly notAfterMs: number;
    readonly dnsNames?: readonly string[];
  },
): Promise<Certificate> {
  const { keyIdOfCa } = { keyIdOfCa: ca.certificate.subjectKeyId };
  return issueCertificate({
    subject: Name.of({ country: ['US'], organization: ['SPIRE'] }),
    issuer: ca.certificate.subject,
    uris: [options.uri],
    dnsNames: options.dnsNames ?? [],
    notBefore: new Date(options.notBeforeMs),
    notAfter: new Date(options.notAfterMs),
    isCa: false,
    keyUsages: ['digitalSignature', 'keyEncipherment', 'keyAgreement'],
    extendedKeyUsages: ['serverAuth', 'clientAuth'],
    publicKey: options.publicKey,
    subjectKeyId: subjectKeyId(publicKeyDer(options.publicKey)),
    ...(keyIdOfCa !== undefined && { authorityKeyId: keyIdOfCa }),
    signer: ca.signer,
  });
}
