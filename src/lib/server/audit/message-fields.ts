import { createHash } from 'node:crypto';
import type { LogFields } from '../../runtime/log-fields.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import { memberIdFromWire, spiffeIdFromWire, workloadIdFromWire } from '../../wire/convert/spiffe-id.ts';
import type { ListAgentsRequest_Filter } from '../../wire/gen/spire/api/server/agent/v1/agent.ts';
import type { ListEntriesRequest_Filter } from '../../wire/gen/spire/api/server/entry/v1/entry.ts';
import type { Bundle, BundleMask, JWTKey } from '../../wire/gen/spire/api/types/bundle.ts';
import type { Entry, EntryMask } from '../../wire/gen/spire/api/types/entry.ts';
import { FederatesWithMatch_MatchBehavior } from '../../wire/gen/spire/api/types/federateswith.ts';
import type {
  FederationRelationship,
  FederationRelationshipMask,
} from '../../wire/gen/spire/api/types/federationrelationship.ts';
import { SelectorMatch_MatchBehavior } from '../../wire/gen/spire/api/types/selector.ts';

/** SHA-256 in hex, by which the audit log tells keys, certificates and CSRs apart; empty for nothing. */
export function hashField(bytes: Uint8Array | undefined): string {
  return bytes === undefined || bytes.length === 0 ? '' : createHash('sha256').update(bytes).digest('hex');
}

/** An ID under a name; nothing for one that is not what its place asks for. */
export function idField(name: string, parse: () => SpiffeId): LogFields {
  try {
    return { [name]: parse().toString() };
  } catch {
    return {};
  }
}

/** What an entry says, of what the mask lets through. */
export function entryFields(entry: Entry | undefined, mask?: EntryMask | undefined): LogFields {
  if (entry === undefined) return {};
  const has = (field: keyof EntryMask): boolean => mask === undefined || mask[field];
  const selectors = entry.selectors.map(({ type, value }) => `${type}:${value}`).join(',');
  return {
    ...(entry.id !== '' && { entry_id: entry.id }),
    ...(has('spiffeId') && idField('spiffe_id', () => spiffeIdFromWire(entry.spiffeId))),
    ...(has('parentId') && idField('parent_id', () => spiffeIdFromWire(entry.parentId))),
    ...(has('selectors') && selectors !== '' && { selectors }),
    ...(has('x509SvidTtl') && { x509_svid_ttl: entry.x509SvidTtl }),
    ...(has('jwtSvidTtl') && { jwt_svid_ttl: entry.jwtSvidTtl }),
    ...(has('federatesWith') && entry.federatesWith.length > 0 && { federates_with: entry.federatesWith.join(',') }),
    ...(has('admin') && { admin: entry.admin }),
    ...(has('downstream') && { downstream: entry.downstream }),
    ...(has('expiresAt') && { expires_at: entry.expiresAt }),
    ...(has('dnsNames') && entry.dnsNames.length > 0 && { dns_name: entry.dnsNames.join(',') }),
    ...(has('revisionNumber') && { revision_number: entry.revisionNumber }),
    ...(has('storeSvid') && { store_svid: entry.storeSvid }),
    ...(has('hint') && { hint: entry.hint }),
    ...(has('createdAt') && { created_at: entry.createdAt }),
  };
}

/** What a filter of entries asks for. SPIRE's line has an address in memory for `downstream`; ours has the value. */
export function entryFilterFields(trustDomain: TrustDomain, filter: ListEntriesRequest_Filter | undefined): LogFields {
  if (filter === undefined) return {};
  const { byHint, byParentId, bySpiffeId, bySelectors, byFederatesWith, byDownstream } = filter;
  return {
    ...(byHint !== undefined && { hint: byHint }),
    ...idField('parent_id', () => memberIdFromWire(trustDomain, byParentId)),
    ...idField('spiffe_id', () => workloadIdFromWire(trustDomain, bySpiffeId)),
    ...(bySelectors !== undefined && selectorMatchFields(bySelectors)),
    ...(byFederatesWith !== undefined && {
      federates_with_match: nameOf(FederatesWithMatch_MatchBehavior, byFederatesWith.match),
      federates_with: byFederatesWith.trustDomains.join(','),
    }),
    ...(byDownstream !== undefined && { downstream: byDownstream }),
  };
}

/** What a filter of agents asks for. */
export function agentFilterFields(filter: ListAgentsRequest_Filter | undefined): LogFields {
  if (filter === undefined) return {};
  const { byAttestationType, byBanned, byCanReattest, bySelectorMatch } = filter;
  return {
    ...(byAttestationType !== '' && { node_attestor_type: byAttestationType }),
    ...(byBanned !== undefined && { by_banned: byBanned }),
    ...(byCanReattest !== undefined && { by_can_reattest: byCanReattest }),
    ...(bySelectorMatch !== undefined && selectorMatchFields(bySelectorMatch)),
  };
}

/** What a bundle says, of what the mask lets through. */
export function bundleFields(bundle: Bundle, mask?: BundleMask | undefined): LogFields {
  const has = (field: keyof BundleMask): boolean => mask === undefined || mask[field];
  return {
    trust_domain_id: bundle.trustDomain,
    ...(has('refreshHint') && { refresh_hint: bundle.refreshHint }),
    ...(has('sequenceNumber') && { sequence_number: bundle.sequenceNumber }),
    ...(has('jwtAuthorities') && jwtAuthorityFields(bundle.jwtAuthorities)),
    ...(has('x509Authorities') && x509AuthorityFields(bundle.x509Authorities)),
  };
}

/** Each with its number at the end of the names. */
export function jwtAuthorityFields(keys: readonly JWTKey[]): LogFields {
  return Object.assign({}, ...keys.map((key, index) => jwtKeyFields(key, `.${index}`)));
}

/** @param suffix of the names */
export function jwtKeyFields(key: JWTKey, suffix = ''): LogFields {
  return {
    [`jwt_authority_expires_at${suffix}`]: key.expiresAt,
    [`jwt_authority_key_id${suffix}`]: key.keyId,
    [`jwt_authority_public_key_sha256${suffix}`]: hashField(key.publicKey),
  };
}

/** Each with its number at the end of the name. */
export function x509AuthorityFields(certificates: Bundle['x509Authorities']): LogFields {
  const fields = certificates.map(({ asn1 }, index) => [`x509_authorities_asn1_sha256.${index}`, hashField(asn1)]);
  return Object.fromEntries(fields);
}

/** What a federation relationship says, of what the mask lets through. */
export function relationshipFields(
  relationship: FederationRelationship,
  mask?: FederationRelationshipMask | undefined,
): LogFields {
  const has = (field: keyof FederationRelationshipMask): boolean => mask === undefined || mask[field];
  const profile = relationship.bundleEndpointProfile;
  const bundle = relationship.trustDomainBundle;
  return {
    ...(relationship.trustDomain !== '' && { trust_domain_id: relationship.trustDomain }),
    ...(has('bundleEndpointUrl') && { bundle_endpoint_url: relationship.bundleEndpointUrl }),
    ...(has('bundleEndpointProfile') &&
      profile !== undefined && {
        bundle_endpoint_profile: profile.$case === 'httpsWeb' ? 'https_web' : 'https_spiffe',
        ...(profile.$case === 'httpsSpiffe' && { endpoint_spiffe_id: profile.value.endpointSpiffeId }),
      }),
    ...(has('trustDomainBundle') && bundle !== undefined && prefixed('bundle_', bundleFields(bundle))),
  };
}

function prefixed(prefix: string, fields: LogFields): LogFields {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [`${prefix}${name}`, value]));
}

function selectorMatchFields(match: { readonly match: number; readonly selectors: Entry['selectors'] }): LogFields {
  return {
    by_selector_match: nameOf(SelectorMatch_MatchBehavior, match.match),
    by_selectors: match.selectors.map(({ type, value }) => `${type}:${value}`).join(','),
  };
}

/** The name of a number of an enum, or the number. */
export function nameOf(names: Readonly<Record<string, number>>, value: number): string {
  return Object.entries(names).find(([, each]) => each === value)?.[0] ?? String(value);
}
