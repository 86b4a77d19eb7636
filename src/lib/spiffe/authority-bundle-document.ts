import { Certificate } from '../crypto/certificate.ts';
import { parsePublicKey, publicKeyDer } from '../crypto/key.ts';
import type { AuthorityBundle, KeyAuthority } from './authority-bundle.ts';
import { Bundle, formatBundleDocument, parseBundleDocument } from './bundle.ts';
import type { TrustDomain } from './trust-domain.ts';

/** A longer hint than sixty-eight years is that. */
const LONGEST_HINT = 2n ** 31n - 1n;

/**
 * Reads a SPIFFE bundle document into the form in which a server keeps it. What the document does not say is 0; a negative
 * refresh hint says nothing.
 *
 * @throws SpiffeError `invalid-bundle`
 */
export function parseAuthorityBundle(trustDomain: TrustDomain, document: Uint8Array): AuthorityBundle {
  const bundle = parseBundleDocument(trustDomain, document);
  const hint = bundle.refreshHint ?? 0n;
  return {
    trustDomain,
    x509Authorities: bundle.x509Authorities.map(({ der }) => ({ certificate: new Uint8Array(der), tainted: false })),
    jwtAuthorities: [...bundle.jwtAuthorities].map(([keyId, key]) => keyAuthority(keyId, publicKeyDer(key))),
    witAuthorities: [...bundle.witAuthorities].map(([keyId, key]) => keyAuthority(keyId, publicKeyDer(key))),
    refreshHintSeconds: hint > 0n ? Number(hint > LONGEST_HINT ? LONGEST_HINT : hint) : 0,
    sequenceNumber: bundle.sequenceNumber ?? 0n,
  };
}

/** Writes the SPIFFE bundle document of a bundle; taint and expiry have no place in it. 0 is not written, as in SPIRE. */
export function formatAuthorityBundle(bundle: AuthorityBundle): string {
  const { trustDomain, refreshHintSeconds, sequenceNumber } = bundle;
  return formatBundleDocument(
    new Bundle(trustDomain, {
      x509Authorities: bundle.x509Authorities.map(({ certificate }) => Certificate.parse(certificate)),
      jwtAuthorities: keysOf(bundle.jwtAuthorities),
      witAuthorities: keysOf(bundle.witAuthorities),
      refreshHint: refreshHintSeconds > 0 ? BigInt(Math.trunc(refreshHintSeconds)) : undefined,
      sequenceNumber: sequenceNumber > 0n ? sequenceNumber : undefined,
    }),
  );
}

function keyAuthority(keyId: string, publicKey: Uint8Array): KeyAuthority {
  return { keyId, publicKey, expiresAtSeconds: 0, tainted: false };
}

function keysOf(keys: readonly KeyAuthority[]) {
  return new Map(keys.map(({ keyId, publicKey }) => [keyId, parsePublicKey(publicKey)]));
}
