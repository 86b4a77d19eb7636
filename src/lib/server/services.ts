import type { ServerConfig } from '../config/server/server-config.ts';
import type { RpcServer, ServiceImplementation } from '../rpc/server.ts';
import type { ServiceDefinition } from '../rpc/service.ts';
import type { Clock } from '../runtime/clock.ts';
import type { DaemonLogger } from '../runtime/logger.ts';
import type { X509BundleSource } from '../spiffe/bundle-source.ts';
import { HealthDefinition } from '../wire/gen/grpc/health/v1/health.ts';
import { AgentDefinition } from '../wire/gen/spire/api/server/agent/v1/agent.ts';
import { BundleDefinition } from '../wire/gen/spire/api/server/bundle/v1/bundle.ts';
import { DebugDefinition } from '../wire/gen/spire/api/server/debug/v1/debug.ts';
import { EntryDefinition } from '../wire/gen/spire/api/server/entry/v1/entry.ts';
import { LocalAuthorityDefinition } from '../wire/gen/spire/api/server/localauthority/v1/localauthority.ts';
import { LoggerDefinition } from '../wire/gen/spire/api/server/logger/v1/logger.ts';
import { SVIDDefinition } from '../wire/gen/spire/api/server/svid/v1/svid.ts';
import { TrustDomainDefinition } from '../wire/gen/spire/api/server/trustdomain/v1/trustdomain.ts';
import { FederationDefinition } from '../wire/gen/spirekit/api/server/federation/v1/federation.ts';
import { SyncDefinition } from '../wire/gen/spirekit/api/server/sync/v1/sync.ts';
import { agentService } from './api/agent/v1/service.ts';
import { bundleService } from './api/bundle/v1/service.ts';
import { debugService } from './api/debug/v1/service.ts';
import { entryService } from './api/entry/v1/service.ts';
import { federationService } from './api/federation/v1/service.ts';
import { healthService } from './api/health/v1/service.ts';
import { localAuthorityService } from './api/localauthority/v1/service.ts';
import { loggerService } from './api/logger/v1/service.ts';
import { RetiredRegistrationDefinition } from './api/registration/v1/retired-service.ts';
import { svidService } from './api/svid/v1/service.ts';
import { syncService } from './api/sync/v1/service.ts';
import { trustDomainService } from './api/trustdomain/v1/service.ts';
import { auditedService } from './audit/audited-service.ts';
import { describedCalls } from './audit/described-calls.ts';
import type { AuthorityManager } from './ca/authority-manager.ts';
import type { ServerCa } from './ca/server-ca.ts';
import type { ServerSvidSource } from './ca/server-svid.ts';
import type { AuthorizedEntries } from './cache/authorized-entries.ts';
import type { ServerCatalog } from './catalog/server-catalog.ts';
import type { RateLimits } from './endpoints/rate-limits.ts';
import type { FederatedBundles } from './federation/federated-bundles.ts';

/** What the services of a server are made from. */
export interface ServerServicesDeps {
  readonly config: ServerConfig;
  readonly catalog: ServerCatalog;
  readonly ca: ServerCa;
  readonly authorities: AuthorityManager;
  readonly entries: AuthorizedEntries;
  readonly bundles: X509BundleSource;
  readonly federatedBundles: FederatedBundles;
  readonly serverSvid: ServerSvidSource;
  readonly limits: RateLimits;
  readonly clock: Clock;
  readonly log: DaemonLogger;
  /** Aborts when the server stops. */
  readonly signal: AbortSignal;
}

/** The services by where they are served. */
export interface ServerServices {
  /** On the TLS port and on the private socket. */
  readonly addServices: (server: RpcServer) => void;
  /** On the private socket only. */
  readonly addLocalServices: (server: RpcServer) => void;
}

/** Makes the services once; both endpoints share them. */
export function serverServices(deps: ServerServicesDeps): ServerServices {
  const { config, ca, entries, clock, log, signal } = deps;
  const { datastore } = deps.catalog;
  const { changes, entries: entryStore, nodes, bundles, joinTokens } = datastore;
  const { trustDomain } = config;
  const entry = entryService({ trustDomain, entries: entryStore, authorizedEntries: entries });
  const agent = agentService({
    trustDomain,
    nodes,
    joinTokens,
    entries: entryStore,
    nodeAttestors: deps.catalog,
    ca,
    agentSpiffeIdAsSelector: config.experimental.agentSpiffeIdAsSelector,
    clock,
  });
  const bundle = bundleService({ trustDomain, bundles, publishJwtKey: (key) => deps.authorities.publishJwtKey(key) });
  const { federation } = datastore;
  const federationStatus = federationService(deps);
  const relationships = trustDomainService({
    trustDomain,
    federation,
    bundles,
    federatedBundles: deps.federatedBundles,
  });
  const svid = svidService({
    trustDomain,
    ca,
    entries,
    bundles,
    limitX509Signing: deps.limits.limitX509Signing,
  });
  const localAuthority = localAuthorityService({
    trustDomain,
    x509: deps.authorities.x509,
    jwt: deps.authorities.jwt,
    hasUpstream: deps.authorities.hasUpstream,
    bundles,
    onTaintedRoot: (root) => deps.serverSvid.taint(root),
  });
  const sync = syncService({ changes, clock, signal });
  const debug = debugService({
    entries: entryStore,
    nodes,
    bundles,
    bundleSource: deps.bundles,
    serverSvid: deps.serverSvid,
    clock,
  });
  const health = healthService({ trustDomain, datastore, log });
  const logger = loggerService(log);
  const described = config.auditLogEnabled ? describedCalls(trustDomain) : undefined;
  const audited = <D extends ServiceDefinition>(definition: D, service: ServiceImplementation<D>) =>
    described === undefined ? service : auditedService(definition, service, described);
  return {
    addServices: (server) => {
      server.addService(AgentDefinition, audited(AgentDefinition, agent));
      server.addService(BundleDefinition, audited(BundleDefinition, bundle));
      server.addService(EntryDefinition, audited(EntryDefinition, entry));
      server.addService(FederationDefinition, federationStatus);
      server.addService(LocalAuthorityDefinition, audited(LocalAuthorityDefinition, localAuthority));
      server.addService(SVIDDefinition, audited(SVIDDefinition, svid));
      server.addService(SyncDefinition, sync);
      server.addService(TrustDomainDefinition, audited(TrustDomainDefinition, relationships));
      server.addService(RetiredRegistrationDefinition, {});
    },
    addLocalServices: (server) => {
      server.addService(DebugDefinition, debug);
      server.addService(HealthDefinition, health);
      server.addService(LoggerDefinition, audited(LoggerDefinition, logger));
    },
  };
}
