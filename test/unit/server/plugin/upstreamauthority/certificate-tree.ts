import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../../../../../src/lib/crypto/certificate.ts';
import { issueCertificate } from '../../../../../src/lib/crypto/certificate-builder.ts';
import {
  generateKey,
  type KeyType,
  privateKeyToPkcs8,
  publicKeyDer,
  subjectKeyId,
} from '../../../../../src/lib/crypto/key.ts';
import { Name } from '../../../../../src/lib/crypto/name.ts';
import { pemEncode } from '../../../../../src/lib/crypto/pem.ts';
import { signerFromKey } from '../../../../../src/lib/crypto/signer.ts';

/** A CA for tests, with its key. */
export interface TestCa {
  readonly certificate: Certificate;
  readonly privateKey: KeyObject;
}

/** Makes a root, or a CA below another; it is good for two days around the given time. */
export async function makeCa(
  name: string,
  {
    above,
    nowMs,
    keyType = 'ec-p256',
  }: { readonly above?: TestCa; readonly nowMs: number; readonly keyType?: KeyType },
): Promise<TestCa> {
  const privateKey = await generateKey(keyType);
  const spki = publicKeyDer(privateKey);
  const subject = Name.of({ commonName: name });
  const certificate = await issueCertificate({
    subject,
    issuer: above?.certificate.subject ?? subject,
    notBefore: new Date(nowMs - 24 * 3_600_000),
    notAfter: new Date(nowMs + 24 * 3_600_000),
    isCa: true,
    keyUsages: ['keyCertSign', 'cRLSign'],
    publicKey: spki,
    subjectKeyId: subjectKeyId(spki),
    authorityKeyId: above?.certificate.subjectKeyId,
    signer: signerFromKey(above?.privateKey ?? privateKey),
  });
  return { certificate, privateKey };
}

/** Certificates one after the other. */
export function certificatesPem(...cas: readonly TestCa[]): string {
  return cas.map(({ certificate }) => pemEncode('CERTIFICATE', certificate.der)).join('');
}

/** The key as PKCS #8. */
export function keyPem({ privateKey }: TestCa): string {
  return pemEncode('PRIVATE KEY', privateKeyToPkcs8(privateKey));
}
