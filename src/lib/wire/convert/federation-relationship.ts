import { goQuote } from '../../runtime/go-quote.ts';
import type { AuthorityBundle } from '../../spiffe/authority-bundle.ts';
import { SpiffeId } from '../../spiffe/spiffe-id.ts';
import { TrustDomain } from '../../spiffe/trust-domain.ts';
import {
  type FederationRelationshipMask,
  FederationRelationship as WireRelationship,
} from '../gen/spire/api/types/federationrelationship.ts';
import { bundleFromWire, bundleToWire } from './bundle.ts';
import { inField, invalidMessage } from './conversion-error.ts';
import { ALL_FEDERATION_RELATIONSHIP_FIELDS } from './masks.ts';

/** How a bundle endpoint proves itself. */
type BundleEndpointProfile =
  | { readonly kind: 'https_web' }
  | { readonly kind: 'https_spiffe'; readonly endpointSpiffeId: SpiffeId };

/** A federation relationship; what a mask left out is undefined. */
export interface FederationRelationship {
  readonly trustDomain: TrustDomain;
  readonly bundleEndpointUrl?: string | undefined;
  readonly profile?: BundleEndpointProfile | undefined;
  readonly bundle?: AuthorityBundle | undefined;
}

/** The masked fields of a federation relationship (all without a mask) and always its trust domain. */
export function federationRelationshipToWire(
  relationship: FederationRelationship,
  mask: FederationRelationshipMask = ALL_FEDERATION_RELATIONSHIP_FIELDS,
): WireRelationship {
  const { trustDomain, bundleEndpointUrl, profile, bundle } = relationship;
  const wire = WireRelationship.create({ trustDomain: trustDomain.name });
  if (mask.bundleEndpointUrl) wire.bundleEndpointUrl = bundleEndpointUrl ?? '';
  if (mask.bundleEndpointProfile) wire.bundleEndpointProfile = profileToWire(profile);
  if (mask.trustDomainBundle && bundle !== undefined) wire.trustDomainBundle = bundleToWire(bundle);
  return wire;
}

/**
 * The masked fields of a federation relationship (all without a mask), held against what a server demands, in SPIRE's
 * order and words.
 *
 * @throws SpirekitError `invalid-argument`
 */
export function federationRelationshipFromWire(
  wire: WireRelationship | undefined,
  mask: FederationRelationshipMask = ALL_FEDERATION_RELATIONSHIP_FIELDS,
): FederationRelationship {
  if (wire === undefined) throw invalidMessage('missing federation relationship');
  const trustDomain = inField('failed to parse trust domain', () => TrustDomain.parse(wire.trustDomain));
  if (mask.bundleEndpointUrl) checkEndpointUrl(wire.bundleEndpointUrl);
  const profile = mask.bundleEndpointProfile ? profileFromWire(wire.bundleEndpointProfile) : undefined;
  const wireBundle = mask.trustDomainBundle ? wire.trustDomainBundle : undefined;
  const bundle =
    wireBundle === undefined ? undefined : inField('failed to parse bundle', () => bundleFromWire(wireBundle));
  if (bundle !== undefined && !bundle.trustDomain.equals(trustDomain)) {
    const [theirs, ours] = [bundle.trustDomain, trustDomain].map(({ name }) => goQuote(name));
    throw invalidMessage(
      `trust domain bundle (${theirs}) must match the trust domain of the federation relationship (${ours})`,
    );
  }
  return {
    trustDomain,
    bundleEndpointUrl: mask.bundleEndpointUrl ? wire.bundleEndpointUrl : undefined,
    profile,
    bundle,
  };
}

function profileToWire(profile: BundleEndpointProfile | undefined): WireRelationship['bundleEndpointProfile'] {
  switch (profile?.kind) {
    case 'https_web':
      return { $case: 'httpsWeb', value: {} };
    case 'https_spiffe':
      return { $case: 'httpsSpiffe', value: { endpointSpiffeId: profile.endpointSpiffeId.toString() } };
    case undefined:
      return undefined;
  }
}

function profileFromWire(wire: WireRelationship['bundleEndpointProfile']): BundleEndpointProfile {
  switch (wire?.$case) {
    case 'httpsWeb':
      return { kind: 'https_web' };
    case 'httpsSpiffe': {
      const { endpointSpiffeId } = wire.value;
      const parse = (): SpiffeId => SpiffeId.parse(endpointSpiffeId);
      return { kind: 'https_spiffe', endpointSpiffeId: inField('failed to parse endpoint SPIFFE ID', parse) };
    }
    case undefined:
      throw invalidMessage('unsupported bundle endpoint profile type: <nil>');
  }
}

function checkEndpointUrl(text: string): void {
  if (!/^https:/i.test(text)) throw invalidMessage('bundle endpoint URL must use the https scheme');
  const host = /^https:\/\/([^/?#]*)/i.exec(text)?.[1] ?? '';
  if (host === '') throw invalidMessage('bundle endpoint URL must specify the host');
  if (host.includes('@')) throw invalidMessage('bundle endpoint URL must not contain user info');
  if (!URL.canParse(text)) throw invalidMessage(`failed to parse bundle endpoint URL: ${goQuote(text)} is malformed`);
}
