import { Certificate } from '../../crypto/certificate.ts';
import { issueCertificate, randomSerialNumber } from '../../crypto/certificate-builder.ts';
import { publicKeyDer, subjectKeyId } from '../../crypto/key.ts';
import type { Signer } from '../../crypto/signer.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { emptyAuthorityBundle } from '../../spiffe/authority-bundle.ts';
import type { SlotId, X509Ca } from './authority.ts';
import { type AuthorityKindDeps, restoreSigner, type Unusable } from './authority-kind-deps.ts';
import { lifetimeFrom, withSerialNumber } from './credential-settings.ts';
import type { JournalEntry } from './journal-format.ts';
import type { AuthorityKind } from './rotating-authority.ts';

/** Self-signed X.509 CAs, under SPIRE's key ids. */
export function x509CaKind(deps: AuthorityKindDeps<X509Ca>): AuthorityKind<X509Ca> {
  return {
    label: 'X509 CA',
    journalKind: 'x509Cas',
    create: async (slotId) => createSelfSigned(deps, await deps.keyManager.generateKey(keyIdOf(slotId), deps.keyType)),
    publicDer: (ca) => ca.certificate.der,
    restore: (entry) => restore(deps, entry),
    publish: async (ca) => {
      const bundle = emptyAuthorityBundle(deps.settings.trustDomain);
      const x509Authorities = [{ certificate: ca.certificate.der, tainted: false }];
      await deps.bundles.appendBundle({ ...bundle, x509Authorities });
    },
    use: deps.use,
    describe: () => ({ self_signed: true, upstream_authority_id: '' }),
  };
}

function keyIdOf(slotId: SlotId): string {
  return `x509-CA-${slotId}`;
}

async function createSelfSigned({ settings, clock }: AuthorityKindDeps<X509Ca>, signer: Signer): Promise<X509Ca> {
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
  { keyManager, bundles, settings }: AuthorityKindDeps<X509Ca>,
  entry: JournalEntry,
): Promise<X509Ca | Unusable> {
  const certificate = Certificate.parse(entry.publicDer);
  const restored = await restoreSigner(keyManager, keyIdOf(entry.slotId), certificate.publicKey);
  if ('unusable' in restored) return restored;
  const bundle = await bundles.findBundle(settings.trustDomain);
  const isInBundle = bundle?.x509Authorities.some(({ certificate: der }) => Buffer.compare(der, entry.publicDer) === 0);
  if (isInBundle !== true) return { unusable: 'certificate is not in the trust bundle' };
  return authorityOf(certificate, restored.signer, entry.issuedAtSeconds);
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
