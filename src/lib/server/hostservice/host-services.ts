import { type HostService, hostService } from '../../catalog/external/host-service.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { metricsHostService } from '../../telemetry/metrics-host-service.ts';
import { MetricsDefinition } from '../../wire/gen/spire/hostservice/common/metrics/v1/metrics.ts';
import type { ServerSvid } from '../ca/server-svid.ts';
import type { DataStore } from '../datastore/datastore.ts';
import { agentStoreService } from './agent-store.ts';
import { identityProviderService } from './identity-provider.ts';

/** What the services of a server to its plugins are made from. */
export interface HostServicesDeps {
  readonly trustDomain: TrustDomain;
  readonly datastore: Pick<DataStore, 'bundles' | 'nodes'>;
  readonly findSvid: () => ServerSvid | undefined;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/** What a server serves to its external plugins, as SPIRE's does. */
export function serverHostServices({ trustDomain, datastore, findSvid, ...deps }: HostServicesDeps): HostService[] {
  return [
    identityProviderService({ trustDomain, bundles: datastore.bundles, findSvid }),
    agentStoreService(datastore.nodes),
    hostService(MetricsDefinition, metricsHostService(deps)),
  ];
}
