import type { Certificate } from '../../crypto/certificate.ts';
import type { Signer } from '../../crypto/signer.ts';

/** Where an authority stands: ready to take over, signing now, or replaced. */
export type AuthorityStatus = 'prepared' | 'active' | 'old';

/** Each kind of authority has two places in the key manager, used in turn. */
export type SlotId = 'A' | 'B';

/** What all signing authorities of this server have in common. */
export interface Authority {
  /** Subject key identifier in hex of an X.509 CA, key id of a JWT key. */
  readonly authorityId: string;
  /** Seconds since the Unix epoch. */
  readonly issuedAtSeconds: number;
  /** Seconds since the Unix epoch; nothing it signs lives longer. */
  readonly notAfterSeconds: number;
  readonly signer: Signer;
  /** Subject key identifier in hex of the authority that signed an X.509 CA; empty for those that are their own. */
  readonly upstreamAuthorityId: string;
}

/** An X.509 CA of this server. Without an upstream authority it is self-signed, and a root of the trust bundle. */
export interface X509Ca extends Authority {
  readonly certificate: Certificate;
  /** Of a CA that was signed upstream: itself first, then the CAs up to a root, without the root. Empty otherwise. */
  readonly upstreamChain: readonly Certificate[];
}

/** A key that signs JWT-SVIDs. Its authority id is its key id. */
export type JwtKey = Authority;

const DAY_SECONDS = 24 * 60 * 60;

/** When the successor is prepared: half the life before the end, at most 30 days. Seconds since the Unix epoch. */
export function preparationTime(authority: Pick<Authority, 'issuedAtSeconds' | 'notAfterSeconds'>): number {
  return authority.notAfterSeconds - Math.min(lifetime(authority) / 2, 30 * DAY_SECONDS);
}

/** When the successor takes over: a sixth of the life before the end, at most 7 days. Seconds since the Unix epoch. */
export function activationTime(authority: Pick<Authority, 'issuedAtSeconds' | 'notAfterSeconds'>): number {
  return authority.notAfterSeconds - Math.min(lifetime(authority) / 6, 7 * DAY_SECONDS);
}

function lifetime(authority: Pick<Authority, 'issuedAtSeconds' | 'notAfterSeconds'>): number {
  return authority.notAfterSeconds - authority.issuedAtSeconds;
}
