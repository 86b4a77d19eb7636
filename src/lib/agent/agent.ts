import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { AgentConfig } from '../config/agent/agent-config.ts';
import type { Interceptor } from '../rpc/call-context.ts';
import { prepareSocketPath } from '../rpc/unix-socket-file.ts';
import type { Clock } from '../runtime/clock.ts';
import { type HealthReport, listenForHealth } from '../runtime/health-listener.ts';
import type { DaemonLogger } from '../runtime/logger.ts';
import { ResourceStack } from '../runtime/resource-stack.ts';
import { countMethods } from '../telemetry/counted-methods.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { Telemetry } from '../telemetry/telemetry.ts';
import { DebugApi } from './api/debug/v1/service.ts';
import { LoggerApi } from './api/logger/v1/service.ts';
import { WorkloadApi } from './api/workload/v1/service.ts';
import type { NodeAttestationOptions } from './attestor/node/node-attestation.ts';
import { requireOwnProc } from './attestor/workload/own-proc.ts';
import { ProcessPeerAttestor } from './attestor/workload/peer-attestation.ts';
import { WorkloadAttestation } from './attestor/workload/workload-attestation.ts';
import { Rebootstrap } from './bootstrap/rebootstrap.ts';
import { Catalog } from './catalog/catalog.ts';
import { ClockDifference } from './client/clock-difference.ts';
import { ADMIN_DIR_MODE, AdminEndpoint } from './endpoints/admin-endpoint.ts';
import { PUBLIC_DIR_MODE, PublicEndpoint } from './endpoints/public-endpoint.ts';
import { Manager, type ManagerOptions } from './manager/manager.ts';
import { JoinTokenNodeAttestor } from './plugin/nodeattestor/join-token/join-token-node-attestor.ts';
import { attestAgent, initializeManager } from './start.ts';
import { AgentStorage } from './storage/agent-storage.ts';
import { lockDataFolder } from './storage/data-folder.ts';

/** What an agent takes from its process. */
export interface AgentDependencies {
  readonly clock: Clock;
  /** The agent's log; its level is what the logger API shows and changes. */
  readonly log: DaemonLogger;
  /** What the agent says that it is, in its log and to the server. */
  readonly version: string;
  /** A number from 0 up to but not 1, for jitter. */
  readonly random: () => number;
  /** Ends the start. */
  readonly signal: AbortSignal;
  /** What external plugins are started with; default: nothing. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Calls the listener each time that plugins are to read their settings again; default: never. */
  readonly onReconfigure?: ((listener: () => void) => Disposable) | undefined;
  /** Runs around every call of the public socket; default: nothing. */
  readonly interceptCalls?: Interceptor | undefined;
}

/** SPIRE's limit. */
const DEFAULT_JWT_CACHE_HIT_TIMEOUT_SECONDS = 30;

/**
 * A SPIRE agent: attests its node to a server and gives the workloads of this machine their identities. The composition
 * root of everything below `src/lib/agent`.
 */
export class Agent implements AsyncDisposable {
  readonly #manager: Manager;
  readonly #resources: ResourceStack;

  private constructor(manager: Manager, resources: ResourceStack) {
    this.#manager = manager;
    this.#resources = resources;
  }

  /**
   * Attests, gets the first SVIDs and serves the sockets; resolves when workloads can connect. {@link run} then keeps it
   * up to date.
   *
   * Errors: `already-exists` when another agent serves a socket, `failed-precondition` when one has the data folder,
   * `invalid-config`, `io-error`, what the server or a
   * plugin refuses with, and the signal's reason. What was opened is closed again.
   */
  static async open(config: AgentConfig, dependencies: AgentDependencies): Promise<Agent> {
    await using opening = new ResourceStack();
    const { clock, log, version, random, signal } = dependencies;
    log.info('Starting agent', { data_dir: config.dataDir, version });
    requireOwnProc();
    const telemetry = opening.use(
      await Telemetry.open({
        config: config.telemetry,
        serviceName: 'spire_agent',
        trustDomain: config.trustDomain,
        version,
        clock,
        log: log.with({ subsystem_name: 'telemetry' }),
      }),
    );
    const { metrics } = telemetry;
    const counters = { metrics, clock };
    await prepareSockets(config, log);
    opening.use(await lockDataFolder(config.dataDir));
    const mayBeginAnew = config.trustBundle.kind !== 'insecure';
    const storage = await AgentStorage.open({ dataDir: config.dataDir, mayBeginAnew, clock, log });
    const catalog = opening.use(
      await Catalog.open({
        plugins: config.plugins,
        clock,
        log: log.with({ subsystem_name: 'catalog' }),
        trustDomain: config.trustDomain,
        metrics,
        env: dependencies.env ?? {},
        signal,
      }),
    );
    const reconfigured = dependencies.onReconfigure?.(() => void catalog.reconfigure());
    if (reconfigured !== undefined) opening.use(reconfigured);
    const attestation = attestationOptions(config, catalog, dependencies, metrics);
    const attestationOfWorkloads = new WorkloadAttestation({
      attestors: catalog.workloadAttestors,
      counters,
      log: log.with({ subsystem_name: 'workload_attestor' }),
    });
    const health = new StartableHealth(attestationOfWorkloads);
    if (config.profiling.isEnabled) {
      const { Profiles } = await import('../runtime/profiles.ts');
      const { profiling: settings, dataDir } = config;
      const profiles = await Profiles.open({ settings, dataDir, tag: 'agent', clock, log });
      if (profiles !== undefined) opening.use(profiles);
    }
    if (config.healthChecks.listenerEnabled) {
      opening.use(
        await listenForHealth({
          address: config.healthChecks,
          check: (options) => health.check(options),
          log: log.with({ subsystem_name: 'health' }),
        }),
      );
    }
    const rebootstrap = new Rebootstrap({ config, storage, clock, log });
    const start = { config, storage, rebootstrap, random, clock, log, signal };
    const agent = await attestAgent(attestation, start);
    if (!agent.svid.reattestable && catalog.keyManager.name === 'memory') {
      log.warn(
        "The key manager 'memory' forgets the agent's key when the agent ends, and this node cannot attest again: the next start will fail until the agent is evicted",
        { node_attestor: attestation.nodeAttestor.name },
      );
    }
    const manager = opening.use(
      new Manager(managerOptions(config, dependencies, { agent, attestation, storage, rebootstrap, metrics })),
    );
    await initializeManager(manager, start);
    const attestor = new ProcessPeerAttestor(attestationOfWorkloads);
    if (config.socketPath === undefined) {
      log.info('Skipping agent APIs because public endpoint is disabled', { apis: 'Workload and SDS APIs' });
    } else {
      const endpointLog = log.with({ subsystem_name: 'endpoints' });
      opening.use(
        await PublicEndpoint.open({
          socketPath: config.socketPath,
          workloadApi: config.disableWorkloadApi
            ? undefined
            : new WorkloadApi({
                trustDomain: config.trustDomain,
                source: manager,
                attestor,
                allowUnauthenticatedVerifiers: config.allowUnauthenticatedVerifiers,
                allowedForeignJwtClaims: config.allowedForeignJwtClaims,
                logSelectors: config.logSelectors,
                ownPid: process.pid,
                clock,
                log: endpointLog,
              }),
          isServing: async (options) => (await health.check(options)).isReady,
          interceptCalls: dependencies.interceptCalls,
          counters,
          log: endpointLog,
        }),
      );
    }
    if (config.adminSocketPath !== undefined) {
      opening.use(
        await AdminEndpoint.open({
          socketPath: config.adminSocketPath,
          debug: new DebugApi(manager, log.with({ subsystem_name: 'debug_api' })),
          logger: new LoggerApi(log),
          counters,
          log,
        }),
      );
    }
    await telemetry.serve({ identity: () => manager.ownSvid, bundles: manager });
    health.started(() => manager.trouble);
    return new Agent(manager, opening.move());
  }

  /**
   * Keeps entries, bundles and SVIDs up to date until the signal aborts. Rejects when the agent cannot go on: banned,
   * forgotten by the server and unable to attest again, or with an expired SVID.
   */
  run(options: { readonly signal: AbortSignal }): Promise<void> {
    return this.#manager.run(options);
  }

  /** Takes the sockets away and closes the connection to the server. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }
}

/** SPIRE's name and sentence. */
const NOT_AVAILABLE = { make_new_x509_err: 'workload api is unavailable' };

/**
 * Live from the first moment on; ready when workloads can be attested and the agent's own SVID is valid. Without that it
 * is worth keeping alive all the same: it still has what workloads were given before.
 */
class StartableHealth {
  readonly #attestation: WorkloadAttestation;
  #findTrouble: (() => string | undefined) | undefined;

  constructor(attestation: WorkloadAttestation) {
    this.#attestation = attestation;
  }

  /** @param findTrouble why the agent can do less than it should, at any time from now on */
  started(findTrouble: () => string | undefined): void {
    this.#findTrouble = findTrouble;
  }

  async check(options: { readonly signal: AbortSignal }): Promise<HealthReport> {
    if (this.#findTrouble === undefined) return { isLive: true, isReady: false, details: { agent: NOT_AVAILABLE } };
    try {
      await this.#attestation.attest(process.pid, options);
      const trouble = this.#findTrouble();
      if (trouble === undefined) return { isLive: true, isReady: true, details: { agent: {} } };
      return { isLive: true, isReady: false, details: { agent: { make_new_x509_err: trouble } } };
    } catch {
      // Logged where it happened.
      return { isLive: false, isReady: false, details: { agent: NOT_AVAILABLE } };
    }
  }
}

/** Refuses before anything else if another agent is there: it would share this one's SVID, and renew it. */
async function prepareSockets(config: AgentConfig, log: DaemonLogger): Promise<void> {
  for (const { path, dirMode, what } of [
    { path: config.socketPath, dirMode: PUBLIC_DIR_MODE, what: 'spire agent' },
    { path: config.adminSocketPath, dirMode: ADMIN_DIR_MODE, what: 'admin' },
  ]) {
    if (path === undefined) continue;
    const dir = dirname(path);
    if (!existsSync(dir)) log.info(`Creating ${what} UDS directory`, { dir });
    await prepareSocketPath(path, { dirMode });
  }
}

const KEY_MANAGER_METRICS = {
  generateKey: ['agent_key_manager', 'generate_key'],
  listKeys: ['agent_key_manager', 'get_keys'],
};

function attestationOptions(
  config: AgentConfig,
  catalog: Catalog,
  { clock, log }: AgentDependencies,
  metrics: Metrics,
): NodeAttestationOptions {
  return {
    serverAddress: config.serverAddress,
    serverPort: config.serverPort,
    trustDomain: config.trustDomain,
    // A token counts for more than any node attestor that is configured beside it.
    nodeAttestor: config.joinToken === undefined ? catalog.nodeAttestor : new JoinTokenNodeAttestor(config.joinToken),
    keyManager: countMethods(catalog.keyManager, KEY_MANAGER_METRICS, { metrics, clock }),
    clock,
    metrics,
    clockDifference: new ClockDifference(clock, log),
    log: log.with({ subsystem_name: 'attestor' }),
  };
}

function managerOptions(
  config: AgentConfig,
  { clock, log, version, random }: AgentDependencies,
  state: Pick<ManagerOptions, 'agent' | 'attestation' | 'storage' | 'rebootstrap' | 'metrics'>,
): ManagerOptions {
  const { experimental } = config;
  return {
    ...state,
    trustDomain: config.trustDomain,
    workloadKeyType: config.workloadX509SvidKeyType,
    strategy: { availabilityTargetSeconds: config.availabilityTargetSeconds, random },
    syncIntervalMs: experimental.syncIntervalSeconds * 1000,
    useSyncAuthorizedEntries: experimental.useSyncAuthorizedEntries,
    jwtSvidCacheHitTimeoutMs:
      (experimental.jwtSvidCacheHitTimeoutSeconds ?? DEFAULT_JWT_CACHE_HIT_TIMEOUT_SECONDS) * 1000,
    x509SvidCacheMaxSize: config.x509SvidCacheMaxSize,
    jwtSvidCacheMaxSize: config.jwtSvidCacheMaxSize,
    version,
    clock,
    log: log.with({ subsystem_name: 'manager' }),
  };
}
