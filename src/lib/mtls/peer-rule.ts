import type { SpiffeId } from '../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';

/** Which peers are meant: those of an ID in one list or of a trust domain in the other; with both empty, none. */
export interface PeerRule {
  readonly ids: readonly SpiffeId[];
  readonly trustDomains: readonly TrustDomain[];
}

export function isMeant(id: SpiffeId, { ids, trustDomains }: PeerRule): boolean {
  return ids.some((each) => each.equals(id)) || trustDomains.some((each) => id.isMemberOf(each));
}

/** Whether the rule names anybody. */
export function namesAnybody({ ids, trustDomains }: PeerRule): boolean {
  return ids.length + trustDomains.length > 0;
}

/** Who is meant, in words. */
export function meantInWords({ ids, trustDomains }: PeerRule): string {
  return [...ids.map(String), ...trustDomains.map((each) => `anybody in ${each.name}`)].join(' or ');
}
