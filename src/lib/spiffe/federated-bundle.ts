import { Certificate } from '../crypto/certificate.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { goQuote } from '../runtime/go-quote.ts';
import type { AuthorityBundle } from './authority-bundle.ts';
import { parseAuthorityBundle } from './authority-bundle-document.ts';
import { SpiffeId } from './spiffe-id.ts';
import type { TrustDomain } from './trust-domain.ts';

/** Each takes a moment in which nobody else is answered. A hundred servers with ten years of rotation have fewer. */
const MOST_KEYS = 1000;

/**
 * Reads the document that the bundle endpoint of a trust domain answered with, and holds it against the bundle that is
 * stored. Refused, so that the stored one stays: no bundle at all; one of more keys than any has; one whose sequence number is older; one whose roots name
 * another trust domain, as of an endpoint that serves more than one; and one that trusts nothing without a newer sequence
 * number, by which alone a trust domain says that it revoked all of its keys (SPIFFE Trust Domain and Bundle section 4.1.3).
 * SPIRE stores all but the first.
 *
 * Error: `invalid-bundle`.
 */
export function acceptFederatedBundle(
  trustDomain: TrustDomain,
  document: Uint8Array,
  stored: AuthorityBundle | undefined,
): AuthorityBundle {
  const keys = countKeys(document);
  if (keys > MOST_KEYS) throw refused(`it has ${keys} keys, and more than ${MOST_KEYS} are not looked at`);
  const bundle = parseAuthorityBundle(trustDomain, document);
  const known = stored?.sequenceNumber ?? 0n;
  // A document without a number has 0 here: nothing can be said of its age.
  if (bundle.sequenceNumber !== 0n && bundle.sequenceNumber < known) {
    throw refused(`its sequence number ${bundle.sequenceNumber} is older than ${known}, which is stored`);
  }
  const isNews = stored === undefined || !trustsNothing(stored);
  if (trustsNothing(bundle) && isNews && bundle.sequenceNumber <= known) {
    throw refused('it trusts nothing, and has no newer sequence number');
  }
  for (const { certificate } of bundle.x509Authorities) checkName(Certificate.parse(certificate), trustDomain);
  return bundle;
}

/** A quick look, for this bound alone; what is no JSON is for the parser to refuse. */
function countKeys(document: Uint8Array): number {
  try {
    const root: unknown = JSON.parse(Buffer.from(document).toString('utf8'));
    if (typeof root !== 'object' || root === null || !('keys' in root)) return 0;
    return Array.isArray(root.keys) ? root.keys.length : 0;
  } catch {
    return 0;
  }
}

/** Whether two bundles say the same, whatever the order of their parts. Taint and expiry are not looked at: documents have none. */
export function isSameBundle(a: AuthorityBundle, b: AuthorityBundle): boolean {
  return (
    a.sequenceNumber === b.sequenceNumber &&
    a.refreshHintSeconds === b.refreshHintSeconds &&
    isSameSet(a.x509Authorities.map(certificateText), b.x509Authorities.map(certificateText)) &&
    isSameSet(a.jwtAuthorities.map(keyText), b.jwtAuthorities.map(keyText)) &&
    isSameSet(a.witAuthorities.map(keyText), b.witAuthorities.map(keyText))
  );
}

/** A root may have a SPIFFE ID of its own, which is then that of its trust domain (X509-SVID section 3.2). */
function checkName(root: Certificate, trustDomain: TrustDomain): void {
  for (const uri of root.uris) {
    if (!uri.startsWith('spiffe://')) continue;
    const id = SpiffeId.parse(uri);
    if (!id.isMemberOf(trustDomain))
      throw refused(`one of its roots names trust domain ${goQuote(id.trustDomain.name)}`);
  }
}

function trustsNothing({ x509Authorities, jwtAuthorities }: AuthorityBundle): boolean {
  return x509Authorities.length + jwtAuthorities.length === 0;
}

function refused(why: string): SpirekitError {
  return new SpirekitError('invalid-bundle', `the bundle is refused: ${why}`);
}

function certificateText({ certificate }: AuthorityBundle['x509Authorities'][number]): string {
  return Buffer.from(certificate).toString('base64');
}

function keyText({ keyId, publicKey }: AuthorityBundle['jwtAuthorities'][number]): string {
  return `${Buffer.from(publicKey).toString('base64')} ${keyId}`;
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  const known = new Set(a);
  return known.size === new Set(b).size && b.every((text) => known.has(text));
}
