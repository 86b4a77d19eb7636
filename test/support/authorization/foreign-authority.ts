import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../../../src/lib/crypto/certificate.ts';
import { type CertificateTemplate, issueCertificate } from '../../../src/lib/crypto/certificate-builder.ts';
import { generateKey, publicKeyDer, subjectKeyId } from '../../../src/lib/crypto/key.ts';
import { Name } from '../../../src/lib/crypto/name.ts';
import { pemEncode } from '../../../src/lib/crypto/pem.ts';
import { type Signer, signerFromKey } from '../../../src/lib/crypto/signer.ts';

/** What somebody presents in a TLS handshake. */
export interface TlsIdentity {
  /** DER, leaf first. */
  readonly certificateChain: readonly Uint8Array[];
  readonly privateKey: KeyObject;
}

const HOUR_MS = 3_600_000;

/** A CA that signs whatever it is told to: that of another trust domain, with its real key. */
export class ForeignAuthority {
  readonly certificate: Certificate;
  readonly #signer: Signer;
  /** The certificates between this CA and its root, its own first; empty for a root. */
  readonly #path: readonly Certificate[];

  private constructor(certificate: Certificate, signer: Signer, path: readonly Certificate[]) {
    this.certificate = certificate;
    this.#signer = signer;
    this.#path = path;
  }

  /** A root whose certificate names the trust domain. */
  static async make(trustDomain: string): Promise<ForeignAuthority> {
    const signer = signerFromKey(await generateKey('ec-p256'));
    const subject = Name.of({ country: ['US'], organization: ['SPIFFE'], commonName: trustDomain });
    const keyId = subjectKeyId(publicKeyDer(signer.publicKey));
    const certificate = await issueCertificate({
      ...caFields(signer, `spiffe://${trustDomain}`),
      subject,
      issuer: subject,
      subjectKeyId: keyId,
      signer,
    });
    return new ForeignAuthority(certificate, signer, []);
  }

  get pem(): string {
    return pemEncode('CERTIFICATE', this.certificate.der);
  }

  /** A CA below this one that names whatever it is told to. */
  async makeIntermediate(
    uri: string,
    subject: Pick<Name, 'der' | 'isEmpty'> = DEFAULT_SUBJECT,
  ): Promise<ForeignAuthority> {
    const signer = signerFromKey(await generateKey('ec-p256'));
    const certificate = await issueCertificate({
      ...caFields(signer, uri),
      subject,
      issuer: this.certificate.subject,
      subjectKeyId: subjectKeyId(publicKeyDer(signer.publicKey)),
      authorityKeyId: this.certificate.subjectKeyId,
      signer: this.#signer,
    });
    return new ForeignAuthority(certificate, signer, [certificate, ...this.#path]);
  }

  /** A leaf with what is asked for, and the chain to the root without the root. */
  async issue(fields: { readonly uris: readonly string[] } & Partial<CertificateTemplate>): Promise<TlsIdentity> {
    const privateKey = await generateKey('ec-p256');
    const now = Date.now();
    const leaf = await issueCertificate({
      subject: Name.of({ country: ['US'], organization: ['SPIRE'] }),
      issuer: this.certificate.subject,
      authorityKeyId: this.certificate.subjectKeyId,
      notBefore: new Date(now - HOUR_MS),
      notAfter: new Date(now + HOUR_MS),
      isCa: false,
      keyUsages: ['digitalSignature', 'keyEncipherment', 'keyAgreement'],
      extendedKeyUsages: ['serverAuth', 'clientAuth'],
      publicKey: publicKeyDer(privateKey),
      signer: this.#signer,
      ...fields,
    });
    return { certificateChain: [leaf.der, ...this.#path.map(({ der }) => der)], privateKey };
  }
}

const DEFAULT_SUBJECT = Name.of({ country: ['US'], organization: ['SPIFFE'], commonName: 'intermediate' });

function caFields(signer: Signer, uri: string) {
  const now = Date.now();
  return {
    uris: [uri],
    notBefore: new Date(now - HOUR_MS),
    notAfter: new Date(now + 24 * HOUR_MS),
    isCa: true,
    keyUsages: ['keyCertSign', 'cRLSign'],
    publicKey: signer.publicKey,
  } as const satisfies Partial<CertificateTemplate>;
}
