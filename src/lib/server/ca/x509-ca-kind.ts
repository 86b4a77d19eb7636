import { Certificate } from '../../crypto/certificate.ts';
import { issueCertificate, randomSerialNumber } from '../../crypto/certificate-builder.ts';
import { leadsTo } from '../../crypto/chain.ts';
import { createCsr } from '../../crypto/csr.ts';
import { publicKeyDer, subjectKeyId } from '../../crypto/key.ts';
import type { Signer } from '../../crypto/signer.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { emptyAuthorityBundle } from '../../spiffe/authority-bundle.ts';
import type { SlotId, X509Ca } from './authority.ts';
import { type AuthorityKindDeps, restoreSigner, type Unusable } from './authority-kind-deps.ts';
import { composedX509Ca } from './composed-x509-ca.ts';
import { lifetimeFrom, withSerialNumber } from './credential-settings.ts';
import type { JournalEntry } from './journal-format.ts';
import type { AuthorityKind } from './rotating-authority.ts';
import type { UpstreamClient } from './upstream/upstream-client.ts';

/** What X.509 CAs are made of. */
export interface X509CaKindDeps extends AuthorityKindDeps<X509Ca> {
  /** Signs them; without one they sign themselves. */
  readonly upstream: Pick<UpstreamClient, 'mintX509Ca'> | undefined;
}

/** X.509 CAs under SPIRE's key ids: self-signed, or signed by the upstream authority. */
export function x509CaKind(deps: X509CaKindDeps): AuthorityKind<X509Ca> {
  const { upstream } = deps;
  return {
    label: 'X509 CA',
    journalKind: 'x509Cas',
    create: async (slotId) => {
      const signer = await deps.keyManager.generateKey(keyIdOf(slotId), deps.keyType);
      return upstream === undefined ? createSelfSigned(deps, signer) : createSignedUpstream(deps, upstream, signer);
    },
    publicDer: (ca) => ca.certificate.der,
    origin: ({ upstreamAuthorityId: authorityId, upstreamChain: chain }) =>
      chain.length === 0 ? undefined : { authorityId, chain: chain.map(({ der }) => der) },
    restore: (entry) => restore(deps, entry),
    publish: async (ca) => {
      // The roots of one that was signed upstream came with it, and are in the bundle already.
      if (ca.upstreamChain.length > 0) return;
      const bundle = emptyAuthorityBundle(deps.settings.trustDomain);
      const x509Authorities = [{ certificate: ca.certificate.der, tainted: false }];
      await deps.bundles.appendBundle({ ...bundle, x509Authorities });
    },
    use: deps.use,
    describe: ({ upstreamChain, upstreamAuthorityId }) => ({
      self_signed: upstreamChain.length === 0,
      upstream_authority_id: upstreamAuthorityId,
    }),
  };
}

function keyIdOf(slotId: SlotId): string {
  return `x509-CA-${slotId}`;
}

async function createSelfSigned({ settings, clock }: X509CaKindDeps, signer: Signer): Promise<X509Ca> {
  const serialNumber = randomSerialNumber();
  const composed = await composedX509Ca(settings.composition, withSerialNumber(settings.caSubject, serialNumber));
  const certificate = await issueCertificate({
    serialNumber,
    ...composed,
    issuer: composed.subject,
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
  return authorityOf({ certificate, upstreamChain: [] }, signer, Math.floor(clock.nowMs() / 1000));
}

async function createSignedUpstream(
  { settings, clock }: X509CaKindDeps,
  upstream: Pick<UpstreamClient, 'mintX509Ca'>,
  signer: Signer,
): Promise<X509Ca> {
  // What else composers want is for the authority above to decide.
  const { subject } = await composedX509Ca(
    settings.composition,
    withSerialNumber(settings.caSubject, randomSerialNumber()),
  );
  const csr = await createCsr({
    subject,
    uris: [settings.trustDomain.id().toString()],
    signer,
  });
  const request = { csr, preferredTtlSeconds: settings.caTtlSeconds };
  const upstreamChain = await upstream.mintX509Ca(request, signer);
  return authorityOf({ certificate: upstreamChain[0], upstreamChain }, signer, Math.floor(clock.nowMs() / 1000));
}

async function restore(deps: X509CaKindDeps, entry: JournalEntry): Promise<X509Ca | Unusable> {
  const certificate = Certificate.parse(entry.publicDer);
  const upstreamChain = (entry.upstream?.chain ?? []).map((der) => Certificate.parse(der));
  const restored = await restoreSigner(deps.keyManager, keyIdOf(entry.slotId), certificate.publicKey);
  if ('unusable' in restored) return restored;
  const bundle = await deps.bundles.findBundle(deps.settings.trustDomain);
  const roots = (bundle?.x509Authorities ?? []).map((authority) => Certificate.parse(authority.certificate));
  const isRoot = roots.some((root) => root.equals(certificate));
  if (upstreamChain.length === 0 || deps.upstream === undefined) {
    if (!isRoot) return { unusable: 'certificate is not in the trust bundle' };
  } else if (!leadsTo(upstreamChain, roots, Math.max(deps.clock.nowMs(), certificate.notBeforeMs))) {
    return { unusable: 'certificate does not lead to the trust bundle' };
  }
  return authorityOf({ certificate, upstreamChain }, restored.signer, entry.issuedAtSeconds);
}

function authorityOf(
  { certificate, upstreamChain }: Pick<X509Ca, 'certificate' | 'upstreamChain'>,
  signer: Signer,
  issuedAtSeconds: number,
): X509Ca {
  const ends = [certificate, ...upstreamChain].map(({ notAfterMs }) => notAfterMs);
  return {
    authorityId: hex(subjectKeyId(certificate.publicKeyDer)),
    upstreamAuthorityId: upstreamChain.length === 0 ? '' : hex(certificate.authorityKeyId),
    issuedAtSeconds,
    notAfterSeconds: Math.min(...ends) / 1000,
    signer,
    certificate,
    upstreamChain,
  };
}

function hex(keyId: Uint8Array | undefined): string {
  return Buffer.from(keyId ?? []).toString('hex');
}
