import { createHash } from 'node:crypto';
import type { AuthorityBundle } from '../spiffe/authority-bundle.ts';

/**
 * The fingerprint of everything that a bundle trusts: two bundles have the same if they trust the same, whatever their order,
 * sequence number and refresh hint. SHA-256 in hex over a line for each authority, in order: `x509` and the SHA-256 of the
 * certificate, or `jwt`, the key id as JSON, and the SHA-256 of the public key.
 */
export function bundleFingerprint({ x509Authorities, jwtAuthorities }: AuthorityBundle): string {
  const lines = [
    ...x509Authorities.map(({ certificate }) => `x509 ${sha256(certificate)}`),
    ...jwtAuthorities.map(({ keyId, publicKey }) => `jwt ${JSON.stringify(keyId)} ${sha256(publicKey)}`),
  ];
  return sha256([...new Set(lines)].sort().join('\n'));
}

/** What `openssl x509 -fingerprint -sha256` shows, in hex without colons. */
export function certificateFingerprint(der: Uint8Array): string {
  return sha256(der);
}

/** A fingerprint as people write it: colons, blanks and capitals do not matter. */
export function normalFingerprint(text: string): string {
  return text
    .replace(/^sha256[:=]/i, '')
    .replace(/[\s:]/g, '')
    .toLowerCase();
}

function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}
