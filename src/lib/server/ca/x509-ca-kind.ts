import { Certificate } from '../../crypto/certificate.ts';
import { issueCertificate, randomSerialNumber } from '../../crypto/certificate-builder.ts';
import { isSamePublicKey, type KeyType, publicKeyDer, subjectKeyId } from '../../crypto/key.ts';
import type { Signer } from '../../crypto/signer.ts';
import type { Clock } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { BundleStore } from '../datastore/bundle-store.ts';
import type { KeyManager } from '../plugin/keymanager/key-manager.ts';
import type { SlotId, X509Ca } from './authority.ts';
import { type CredentialSettings, lifetimeFrom, withSerialNumber } from './credential-settings.ts';
import type { JournalEntry } from './journal-format.ts';
import type { AuthorityKind } from './rotating-authority.ts';

/** What self-signed X.509 CAs are made of. */
export interface X509CaKindDeps {
  readonly settings: CredentialSettings;
  readonly keyType: KeyType;
  readonly keyManager: KeyManager;
  readonly bundles: BundleStore;
  readonly clock: Clock;
  readonly use: (ca: X509Ca) => void;
}

/** Self-signed X.509 CAs, under SPIRE's key ids. */
export function x509CaKind(deps: X509CaKindDeps): AuthorityKind<X509Ca> {
  return {
    label: 'X509 CA',
    journalKind: 'x509Cas',
    create: async (slotId) => createSelfSigned(deps, await deps.keyManager.generateKey(keyIdOf(slotId), deps.keyType)),
    publicDer: (ca) => ca.certificate.der,
    restore: (entry) => restore(deps, entry),
    publish: async (ca) => {
      await deps.bundles.appendBundle({
        trustDomain: deps.settings.trustDomain,
        x509Authorities: [{ certificate: ca.certificate.der, tainted: false }],
        jwtAuthorities: [],
        witAuthorities: [],
        refreshHintSeconds: 0,
        sequenceNumber: 0n,
      });
    },
    use: deps.use,
    describe: () => ({ self_signed: true, upstream_authority_id: '' }),
  };
}

function keyIdOf(slotId: SlotId): string {
  return `x509-CA-${slotId}`;
}

async function createSelfSigned({ settings, clock }: X509CaKindDeps, signer: Signer): Promise<X509Ca> {
  const serialNumber = randomSerialNumber();
  const subject = withSerialNumber(settings.caSubject, serialNumber);
  const certificate = await issueCertificate({
    serialNumber,
    subject,
    issuer: subject,
    uris: [settings.trustDomain.id().toString()],
    ...lifetimeFrom(clock, settings.caTtlSeconds),
    isCa: true,
    keyUsages: ['keyCertSign', 'cRLSign'],
    publicKey: signer.publicKey,
    subjectKeyId: subjectKeyId(publicKeyDer(signer.publicKey)),
    signer,
  });
  if (!certificate.isSignedBy(signer.publicKey)) {
    throw new SpirekitError('internal', 'the key manager signed the X509 CA with another key than it gave out');
  }
  return authorityOf(certificate, signer, Math.floor(clock.nowMs() / 1000));
}

async function restore(
  { keyManager, bundles, settings }: X509CaKindDeps,
  entry: JournalEntry,
): Promise<X509Ca | { readonly unusable: string }> {
  const signer = await keyManager.findKey(keyIdOf(entry.slotId));
  if (signer === undefined) return { unusable: 'no key manager key' };
  const certificate = Certificate.parse(entry.publicDer);
  if (!isSamePublicKey(certificate.publicKey, signer.publicKey)) {
    return { unusable: 'public key does not match key manager key' };
  }
  const bundle = await bundles.findBundle(settings.trustDomain);
  const isInBundle = bundle?.x509Authorities.some(({ certificate: der }) => Buffer.compare(der, entry.publicDer) === 0);
  if (isInBundle !== true) return { unusable: 'certificate is not in the trust bundle' };
  return authorityOf(certificate, signer, entry.issuedAtSeconds);
}

function authorityOf(certificate: Certificate, signer: Signer, issuedAtSeconds: number): X509Ca {
  return {
    authorityId: Buffer.from(subjectKeyId(certificate.publicKeyDer)).toString('hex'),
    issuedAtSeconds,
    notAfterSeconds: certificate.notAfterMs / 1000,
    signer,
    certificate,
  };
}
