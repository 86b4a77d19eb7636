import type { ServiceImplementation } from '../../../../rpc/call-context.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { Logger } from '../../../../runtime/logger.ts';
import type { TrustDomain } from '../../../../spiffe/trust-domain.ts';
import {
  HealthCheckResponse_ServingStatus,
  type HealthDefinition,
} from '../../../../wire/gen/grpc/health/v1/health.ts';
import type { BundleStore } from '../../../datastore/bundle-store.ts';
import type { WriteCheck } from '../../../datastore/write-check.ts';

/** What the health service depends on. */
export interface HealthServiceDeps {
  readonly trustDomain: TrustDomain;
  readonly datastore: WriteCheck & { readonly bundles: Pick<BundleStore, 'findBundle'> };
  readonly log: Logger;
}

/**
 * `grpc.health.v1.Health` of the server: healthy while the server's own bundle can be read and, other than in
 * SPIRE, what changes can be kept. As there, single services have no health, and there is neither `List` nor `Watch`.
 */
export function healthService(deps: HealthServiceDeps): ServiceImplementation<typeof HealthDefinition> {
  return {
    check: async ({ service }) => {
      if (service !== '') throw new SpirekitError('invalid-argument', 'per-service health is not supported');
      const failure = await findFailure(deps);
      if (failure === undefined) return { status: HealthCheckResponse_ServingStatus.SERVING };
      deps.log.warn('Health check failed', failure);
      return { status: HealthCheckResponse_ServingStatus.NOT_SERVING };
    },
  };
}

async function findFailure({
  datastore,
  trustDomain,
}: HealthServiceDeps): Promise<{ reason: string; error?: unknown } | undefined> {
  try {
    const bundle = await datastore.bundles.findBundle(trustDomain);
    if (bundle === undefined) return { reason: 'bundle is missing' };
  } catch (error) {
    return { reason: 'unable to fetch bundle', error };
  }
  try {
    await datastore.checkWritable();
    return undefined;
  } catch (error) {
    return { reason: 'datastore takes no writes', error };
  }
}
