import type { ServerConfig } from '../config/server/server-config.ts';
import type { Clock } from '../runtime/clock.ts';
import { warnIfClockIsBehind } from '../runtime/clock-behind.ts';
import { logClockJump, onClockJumps } from '../runtime/clock-jumps.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { DaemonLogger } from '../runtime/logger.ts';
import { ResourceStack } from '../runtime/resource-stack.ts';
import { countCall } from '../telemetry/call-counter.ts';
import { NO_METRICS } from '../telemetry/metrics.ts';
import { rpcMetrics } from '../telemetry/rpc-metrics.ts';
import { Telemetry } from '../telemetry/telemetry.ts';
import { refuseRetiredRegistration } from './api/registration/v1/retired-service.ts';
import { auditCalls } from './audit/call-audit.ts';
import { AgentAuthorizer } from './authorization/agent-authorizer.ts';
import { authorizeCalls } from './authorization/authorize-calls.ts';
import { loadPolicy } from './authorization/load-policy.ts';
import { RecentNodes } from './authorization/recent-nodes.ts';
import { BundleNews } from './bundle-news/bundle-news.ts';
import { AuthorityManager } from './ca/authority-manager.ts';
import { Composition } from './ca/composition.ts';
import { countSigning } from './ca/counted-signing.ts';
import { credentialSettings } from './ca/credential-settings.ts';
import { CsrQueue } from './ca/csr-queue.ts';
import { ServerSvidSource } from './ca/server-svid.ts';
import { SigningCa } from './ca/signing-ca.ts';
import { AuthorizedEntryCache } from './cache/authorized-entry-cache.ts';
import { ServerCatalog } from './catalog/server-catalog.ts';
import { DataFolder } from './data-folder.ts';
import { BundleCache } from './endpoints/bundle-cache.ts';
import { logFailedCalls } from './endpoints/call-outcome.ts';
import { Endpoints } from './endpoints/endpoints.ts';
import { rateLimits } from './endpoints/rate-limits.ts';
import { Federation } from './federation/federation.ts';
import { checkServerHealth } from './health.ts';
import { startHousekeeping } from './server-housekeeping.ts';
import { serverServices } from './services.ts';
import { checkTrustDomain, claimFolder } from './start-checks.ts';

/** What a server takes from its process. */
export interface ServerDependencies {
  readonly clock: Clock;
  /** The server's log; its level is what the logger API shows and changes. */
  readonly log: DaemonLogger;
  /** What the server says that it is in its log. */
  readonly version: string;
  /** Ends the start. */
  readonly signal?: AbortSignal | undefined;
  /** What external plugins are started with; default: nothing. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Calls the listener each time that plugins are to read their settings again; default: never. */
  readonly onReconfigure?: ((listener: () => void) => Disposable) | undefined;
}

/**
 * A SPIRE server: keeps the registrations of a trust domain and signs its identities. The composition root of everything
 * below `src/lib/server`; it works by itself from {@link open} until it is disposed.
 */
export class Server implements AsyncDisposable {
  readonly #endpoints: Endpoints;
  readonly #resources: ResourceStack;

  private constructor(endpoints: Endpoints, resources: ResourceStack) {
    this.#endpoints = endpoints;
    this.#resources = resources;
  }

  /**
   * Resolves when agents and operators can connect. The caller sets the umask before.
   *
   * Errors: `failed-precondition` for a data folder or datastore that is in use or not this package's own, `data-loss`
   * for a damaged one, `invalid-config`, `already-exists` for a socket that another process serves, `io-error`, and the
   * signal's reason. What was opened is closed again.
   */
  static async open(config: ServerConfig, dependencies: ServerDependencies): Promise<Server> {
    const { clock, log, version, signal, env = {} } = dependencies;
    const { trustDomain, adminIds } = config;
    const { policy, allowedIds } = await loadPolicy(config, signal);
    await using opening = new ResourceStack();
    log.info('Configured', {
      admin_ids: `[${adminIds.join(' ')}]`,
      data_dir: config.dataDir,
      launch_log_level: log.launchLevel,
      version,
    });
    const telemetry = opening.use(
      await Telemetry.open({
        config: config.telemetry,
        serviceName: 'spire_server',
        trustDomain,
        version,
        clock,
        log: log.with({ subsystem_name: 'telemetry' }),
      }),
    );
    const { metrics } = telemetry;
    const folder = opening.use(await DataFolder.open(config.dataDir));
    const catalog = opening.use(
      await ServerCatalog.open({ plugins: config.plugins, trustDomain, clock, log, metrics, env, signal }),
    );
    const { datastore } = catalog;
    await checkTrustDomain(config, datastore);
    const csrs = opening.use(new CsrQueue(clock));
    const credentials = credentialSettings(config, new Composition(catalog.credentialComposers));
    const signingCa = new SigningCa(credentials, clock, (task, signer) => csrs.issue(task, signer));
    const ca = countSigning(signingCa, metrics);
    const authorities = opening.use(
      await AuthorityManager.open({
        settings: credentials,
        caKeyType: config.caKeyType,
        jwtKeyType: config.jwtKeyType,
        keyManager: catalog.keyManager,
        upstreamAuthority: catalog.upstreamAuthority,
        bundles: datastore.bundles,
        journals: datastore.caJournals,
        ca: signingCa,
        clock,
        log: log.with({ subsystem_name: 'ca_manager' }),
        metrics,
        onFirstStart: (foundKeys) => claimFolder(folder, config, { keyManager: catalog.keyManager, foundKeys }),
        signal,
      }),
    );
    checkClock(authorities, dependencies);
    await (catalog.keyManager.keptIn === undefined ? folder.claim() : folder.rememberKeys());
    const serverSvid = opening.use(
      await ServerSvidSource.open({
        ca,
        keyType: config.caKeyType,
        clock,
        log: log.with({ subsystem_name: 'svid_rotator' }),
        metrics,
      }),
    );
    authorities.onTaintedRoot((root) => serverSvid.taint(root));
    catalog.provideIdentity(() => serverSvid.current);
    opening.use(
      await BundleNews.open({
        trustDomain,
        publishers: catalog.bundlePublishers,
        notifiers: catalog.notifiers,
        bundles: datastore.bundles,
        changes: datastore.changes,
        ...{ clock, log, metrics, signal },
      }),
    );
    const endpointLog = log.with({ subsystem_name: 'endpoints' });
    endpointLog.info('Building in-memory entry cache');
    const entries = opening.use(
      await countCall({ metrics, clock }, ['entry', 'cache', 'reload'], () =>
        AuthorizedEntryCache.open({
          ...datastore.stale,
          changes: datastore.changes,
          clock,
        }),
      ),
    );
    endpointLog.info('Completed building in-memory entry cache');
    const bundles = opening.use(
      await BundleCache.open({
        bundles: datastore.bundles,
        changes: datastore.changes,
        trustDomains: [
          trustDomain,
          ...[...adminIds, ...allowedIds, ...telemetry.authorizedIds].map((id) => id.trustDomain),
        ],
        clock,
        log: endpointLog,
      }),
    );
    const limits = rateLimits(config.rateLimit, { metrics, clock });
    const { federatedBundles } = opening.use(
      await Federation.open({ config, serverSvid, datastore, clock, log, metrics }),
    );
    const stopping = new AbortController();
    log.info('Logger service configured', { launch_log_level: log.launchLevel });
    const services = serverServices({
      config,
      catalog,
      ca,
      authorities,
      entries,
      bundles,
      federatedBundles,
      serverSvid,
      limits,
      clock,
      log,
      signal: stopping.signal,
    });
    const maxAgeMs = config.maxAttestedNodeInfoStalenessSeconds * 1000;
    const recent =
      maxAgeMs > 0 ? opening.use(new RecentNodes({ maxAgeMs, changes: datastore.changes, clock })) : undefined;
    const authorize = authorizeCalls({
      policy,
      entries,
      agents: new AgentAuthorizer({ nodes: datastore.nodes, clock, recent }),
      adminIds,
      clock,
      log: endpointLog,
    });
    const endpoints = opening.use(
      await Endpoints.open({
        ...config,
        ...services,
        adminIds: [...adminIds, ...allowedIds],
        requirePqKem: config.experimental.requirePqKem,
        serverSvid,
        bundles,
        interceptors: [
          ...(metrics === NO_METRICS ? [] : [rpcMetrics({ metrics, clock })]),
          refuseRetiredRegistration,
          authorize,
          logFailedCalls,
          limits.interceptor,
          ...(config.auditLogEnabled ? [auditCalls] : []),
        ],
        clock,
        log: endpointLog,
      }),
    );
    // Streams that only end with the server do so first, or the endpoints would wait for them.
    opening.defer(() => stopping.abort(new SpirekitError('unavailable', 'the server is stopping')));
    opening.use(
      onClockJumps(clock, (byMs) => {
        logClockJump(log, byMs);
        checkClock(authorities, dependencies);
      }),
    );
    opening.use(startHousekeeping(config, datastore, { ...dependencies, metrics }));
    const reconfigured = dependencies.onReconfigure?.(() => void catalog.reconfigure());
    if (reconfigured !== undefined) opening.use(reconfigured);
    await telemetry.serve({ identity: () => serverSvid.current, bundles });
    if (config.profiling.isEnabled) {
      const { Profiles } = await import('../runtime/profiles.ts');
      const { profiling: settings, dataDir } = config;
      const profiles = await Profiles.open({ settings, dataDir, tag: 'server', clock, log });
      if (profiles !== undefined) opening.use(profiles);
    }
    if (config.healthChecks.listenerEnabled) {
      // Loaded only here: node:http costs every start some 20 ms.
      const { listenForHealth } = await import('../runtime/health-listener.ts');
      const health = { trustDomain, datastore, ca, authorities, catalog };
      opening.use(
        await listenForHealth({
          address: config.healthChecks,
          check: () => checkServerHealth(health),
          log: log.with({ subsystem_name: 'health' }),
        }),
      );
    }
    signal?.throwIfAborted();
    return new Server(endpoints, opening.move());
  }

  /** The bound TCP port. */
  get port(): number {
    return this.#endpoints.port;
  }

  /** Takes no more calls, waits a little for those under way and closes everything. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }
}

/** What this server signs counts nowhere while its own CA does not, and nothing but the clock can be wrong then. */
function checkClock({ x509 }: AuthorityManager, { clock, log }: ServerDependencies): void {
  const { authority } = x509.current;
  if (authority !== undefined) warnIfClockIsBehind('the X509 CA', authority.certificate, { clock, log });
}
