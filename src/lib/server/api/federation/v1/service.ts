import type { ServiceImplementation } from '../../../../rpc/call-context.ts';
import {
  BundleStatus,
  type FederationDefinition,
} from '../../../../wire/gen/spirekit/api/server/federation/v1/federation.ts';
import type { ManagedDomain } from '../../../federation/federated-bundles.ts';

/** What the service tells of. */
export interface FederationServiceDeps {
  readonly federatedBundles: { readonly domains: readonly ManagedDomain[] };
}

/** `spirekit.api.server.federation.v1.Federation`: an extension that tells operators how the bundles of others are fetched. */
export function federationService(deps: FederationServiceDeps): ServiceImplementation<typeof FederationDefinition> {
  return {
    listBundleStatus: async () => ({ statuses: deps.federatedBundles.domains.map(statusToWire) }),
  };
}

function statusToWire({ relationship, isConfigured, status }: ManagedDomain): BundleStatus {
  return BundleStatus.create({
    trustDomain: relationship.trustDomain.name,
    bundleEndpointUrl: relationship.bundleEndpointUrl,
    bundleEndpointProfile: relationship.profile.kind,
    configured: isConfigured,
    lastAttemptAt: seconds(status.lastAttemptMs),
    lastSuccessAt: seconds(status.lastSuccessMs),
    nextAttemptAt: seconds(status.nextAttemptMs),
    problem: status.error?.message ?? '',
  });
}

function seconds(ms: number | undefined): bigint {
  return ms === undefined ? 0n : BigInt(Math.floor(ms / 1000));
}
