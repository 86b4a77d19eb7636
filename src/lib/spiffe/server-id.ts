import { SpiffeId } from './spiffe-id.ts';
import type { TrustDomain } from './trust-domain.ts';

/** The SPIFFE ID of a trust domain's server: `spiffe://<trust domain>/spire/server`. */
export function serverId(trustDomain: TrustDomain): SpiffeId {
  return SpiffeId.fromSegments(trustDomain, 'spire', 'server');
}
