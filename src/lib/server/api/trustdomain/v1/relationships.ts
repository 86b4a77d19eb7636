import type { CallContext } from '../../../../rpc/call-context.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { AuthorityBundle } from '../../../../spiffe/authority-bundle.ts';
import type { TrustDomain } from '../../../../spiffe/trust-domain.ts';
import { inField } from '../../../../wire/convert/conversion-error.ts';
import { federationRelationshipFromWire } from '../../../../wire/convert/federation-relationship.ts';
import type {
  FederationRelationshipMask,
  FederationRelationship as WireRelationship,
} from '../../../../wire/gen/spire/api/types/federationrelationship.ts';
import { callLogger } from '../../../authorization/call-logger.ts';
import type { BundleStore } from '../../../datastore/bundle-store.ts';
import type { FederationRelationship, FederationStore } from '../../../datastore/federation-store.ts';
import { withoutTaint } from '../../bundle/v1/federated-bundles.ts';
import { fromStore } from '../../store-failure.ts';

/** Where relationships and bundles are, and the trust domain that is not federated with itself. */
export interface RelationshipDeps {
  readonly trustDomain: TrustDomain;
  readonly federation: FederationStore;
  readonly bundles: Pick<BundleStore, 'findBundle'>;
}

/** A relationship and the bundle that a request brought with it. */
export type RelationshipWithBundle = FederationRelationship & { readonly bundle: AuthorityBundle | undefined };

/**
 * Checks and stores a new relationship; its bundle, if one is given, replaces the stored one. Errors: `invalid-argument`,
 * `internal`, also for one that is there already, as in SPIRE.
 */
export async function createRelationship(
  deps: RelationshipDeps,
  wire: WireRelationship,
  call: CallContext,
): Promise<RelationshipWithBundle> {
  const created = relationshipFromWire(wire);
  const { bundle, ...relationship } = created;
  if (relationship.trustDomain.equals(deps.trustDomain)) {
    throw new SpirekitError('invalid-argument', 'unable to create federation relationship for server trust domain');
  }
  const creation = deps.federation.createFederationRelationship(relationship, bundle);
  await fromStore('failed to create federation relationship', creation);
  if (bundle === undefined) await warnWithoutBundle(deps, relationship, call);
  callLogger(call).debug('Federation relationship created', { trust_domain_id: relationship.trustDomain.name });
  return created;
}

/**
 * Replaces the masked parts of a relationship (all without a mask). As in SPIRE the others must be well formed too.
 * Errors: `invalid-argument`, `internal`, also for one that is not there.
 */
export async function updateRelationship(
  deps: RelationshipDeps,
  wire: WireRelationship,
  mask: FederationRelationshipMask | undefined,
  call: CallContext,
): Promise<FederationRelationship> {
  const { trustDomain, bundleEndpointUrl, profile, bundle } = relationshipFromWire(wire);
  const update = deps.federation.updateFederationRelationship(trustDomain, {
    ...((mask?.bundleEndpointUrl ?? true) && { bundleEndpointUrl }),
    ...((mask?.bundleEndpointProfile ?? true) && { profile }),
    ...((mask?.trustDomainBundle ?? true) && { bundle }),
  });
  const updated = await fromStore('failed to update federation relationship', update);
  await warnWithoutBundle(deps, updated, call);
  callLogger(call).debug('Federation relationship updated', { trust_domain_id: trustDomain.name });
  return updated;
}

function relationshipFromWire(wire: WireRelationship): RelationshipWithBundle {
  const { trustDomain, bundleEndpointUrl, profile, bundle } = inField('failed to convert federation relationship', () =>
    federationRelationshipFromWire(wire),
  );
  // Without a mask it has everything.
  if (bundleEndpointUrl === undefined || profile === undefined)
    throw new SpirekitError('internal', 'incomplete relationship');
  return { trustDomain, bundleEndpointUrl, profile, bundle: bundle && withoutTaint(bundle) };
}

/** Says in the log that an endpoint with an SVID cannot be recognised yet. */
async function warnWithoutBundle(
  { bundles }: RelationshipDeps,
  { profile }: FederationRelationship,
  call: CallContext,
): Promise<void> {
  if (profile.kind !== 'https_spiffe') return;
  const log = callLogger(call).with({ endpoint_spiffe_id: profile.endpointSpiffeId });
  try {
    const found = await bundles.findBundle(profile.endpointSpiffeId.trustDomain);
    if (found === undefined) log.warn('bundle not found for the endpoint SPIFFE ID trust domain');
  } catch (error) {
    log.warn('failed to check whether a bundle exists for the endpoint SPIFFE ID trust domain', { error });
  }
}
