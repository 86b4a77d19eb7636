import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../../crypto/certificate.ts';
import type { KeyType } from '../../crypto/key.ts';
import type { Clock } from '../../runtime/clock.ts';
import { logClockJump, watchForClockJumps } from '../../runtime/clock-jumps.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { X509BundleSource } from '../../spiffe/bundle-source.ts';
import type { Selector } from '../../spiffe/selector.ts';
import { SpiffeError } from '../../spiffe/spiffe-error.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import { verifyX509Svid } from '../../spiffe/x509-svid.ts';
import { countMethods } from '../../telemetry/counted-methods.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { AgentDefinition } from '../../wire/gen/spire/api/server/agent/v1/agent.ts';
import { AgentEnd } from '../agent-end.ts';
import type { AgentStatus } from '../api/debug/v1/service.ts';
import type { WorkloadIdentitySource } from '../api/workload/v1/identity-source.ts';
import type { AttestedAgent } from '../attestor/node/first-attestation.ts';
import { agentIdText, type NodeAttestationOptions } from '../attestor/node/node-attestation.ts';
import type { Rebootstrap } from '../bootstrap/rebootstrap.ts';
import type { AuthorizedEntry } from '../cache/authorized-entry.ts';
import { IdentityCache } from '../cache/identity-cache.ts';
import { JwtSvidCache } from '../cache/jwt-svid-cache.ts';
import type { WorkloadUpdate } from '../cache/workload-update.ts';
import { failedCall } from '../client/failed-call.ts';
import { findRefusal, type Refusal } from '../client/refusal.ts';
import { CALL_TIMEOUT_MS, ServerConnection } from '../client/server-connection.ts';
import type { TrustBundle } from '../client/trust-bundles.ts';
import type { AgentStorage } from '../storage/agent-storage.ts';
import { AgentSvidRotation } from './agent-svid-rotation.ts';
import { ChangeListener } from './change-listener.ts';
import { EntrySync } from './entry-sync.ts';
import { JwtSvids } from './jwt-svids.ts';
import type { RotationStrategy } from './rotation-strategy.ts';
import { runTasks } from './run-tasks.ts';
import { SvidRenewal } from './svid-renewal.ts';
import { SyncLoop } from './sync-loop.ts';
import { TaintedAuthorities } from './tainted-authorities.ts';

/** What a {@link Manager} needs. */
export interface ManagerOptions {
  readonly agent: AttestedAgent;
  /** How to attest again. */
  readonly attestation: NodeAttestationOptions;
  readonly trustDomain: TrustDomain;
  readonly storage: AgentStorage;
  readonly rebootstrap: Rebootstrap;
  readonly workloadKeyType: KeyType;
  readonly strategy: RotationStrategy;
  readonly syncIntervalMs: number;
  readonly useSyncAuthorizedEntries: boolean;
  readonly jwtSvidCacheHitTimeoutMs: number;
  readonly x509SvidCacheMaxSize: number;
  readonly jwtSvidCacheMaxSize: number;
  /** What the agent tells the server that it is. */
  readonly version: string;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/**
 * Keeps everything that the agent serves in step with the server: entries, bundles, the SVIDs of workloads and its own.
 */
export class Manager implements WorkloadIdentitySource, AgentStatus, X509BundleSource, AsyncDisposable {
  readonly #options: ManagerOptions;
  readonly #startedAtMs: number;
  readonly #connection: ServerConnection;
  readonly #cache: IdentityCache;
  readonly #jwtCache: JwtSvidCache;
  readonly #jwtSvids: JwtSvids;
  readonly #rotation: AgentSvidRotation;
  readonly #syncLoop: SyncLoop;
  readonly #changes: ChangeListener;
  readonly #taints: TaintedAuthorities;
  #authorities: readonly Certificate[];

  constructor(options: ManagerOptions) {
    const { agent, attestation, trustDomain, clock, metrics, log, strategy, storage } = options;
    const counters = { clock, metrics };
    this.#options = options;
    this.#startedAtMs = clock.monotonicMs();
    this.#authorities = agent.bundle.x509Authorities;
    const cacheLog = log.with({ subsystem_name: 'cache_manager' });
    this.#cache = new IdentityCache({
      bundle: agent.bundle,
      maxSvids: options.x509SvidCacheMaxSize,
      clock,
      metrics,
      log: cacheLog,
    });
    this.#jwtCache = new JwtSvidCache(options.jwtSvidCacheMaxSize, metrics);
    const authorities = (): readonly Certificate[] => this.#authorities;
    const cache = this.#cache;
    this.#rotation = new AgentSvidRotation(agent.svid, {
      attestation,
      authorities,
      storage,
      strategy,
      metrics,
      hasServableSvid: () => cache.hasServableSvid,
      log,
    });
    this.#connection = new ServerConnection({
      address: attestation.serverAddress,
      port: attestation.serverPort,
      trustDomain,
      credentials: () => ({ chain: this.#rotation.current.chain, privateKey: this.#rotation.current.key.privateKey }),
      authorities,
      clock,
    });
    const connection = this.#connection;
    this.#jwtSvids = new JwtSvids({
      cache: this.#jwtCache,
      connection,
      strategy,
      cacheHitTimeoutMs: options.jwtSvidCacheHitTimeoutMs,
      clock,
      log,
    });
    this.#syncLoop = new SyncLoop({
      entries: countMethods(
        new EntrySync({
          trustDomain,
          cache,
          connection,
          useSync: options.useSyncAuthorizedEntries,
          onBundle: (bundle) => this.#onBundle(bundle),
          metrics,
          log,
        }),
        { run: ['manager', 'sync', 'fetch_entries_updates'] },
        counters,
      ),
      renewal: new SvidRenewal({
        cache,
        connection,
        keyType: options.workloadKeyType,
        strategy,
        counters,
        clockDifference: attestation.clockDifference,
        log,
      }),
      msUntilRenewal: () => cache.msUntilRotation,
      rebootstrap: options.rebootstrap,
      intervalMs: options.syncIntervalMs,
      random: strategy.random,
      clock,
      log,
    });
    this.#taints = new TaintedAuthorities({
      cache,
      jwtCache: this.#jwtCache,
      rotation: this.#rotation,
      clock,
      metrics,
      log,
    });
    cache.onDemand(() => this.#syncLoop.renewSoon());
    this.#changes = new ChangeListener({
      connection,
      onChange: () => this.#syncLoop.syncSoon(),
      random: strategy.random,
      clock,
      log,
    });
  }

  /**
   * Stores who the agent is, tells the server, and gets the first entries and SVIDs. Rejects when the server cannot be
   * reached or refuses; a refused agent forgets its SVID.
   */
  async initialize({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { storage, log } = this.#options;
    const { chain, reattestable } = this.#rotation.current;
    await storage.storeIdentity({ svid: chain, reattestable, bundle: this.#authorities }).catch((error: unknown) => {
      log.warn('Could not store SVID', { error });
      log.error('Could not store bundle', { error });
    });
    await this.#postStatus(signal);
    try {
      await this.#syncLoop.runOnce(signal);
    } catch (error) {
      const refusal = findRefusal(error);
      if (refusal !== undefined) {
        const why = refusal === 'banned' ? 'Agent is banned' : 'Agent needs to re-attest';
        log.error(`${why}: removing SVID and shutting down`, { error });
        await this.#deleteSvid();
        throw this.#end(refusal, error);
      }
      throw error;
    }
  }

  /** Works until the signal aborts. Rejects when the agent cannot go on. */
  async run({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { clock, log } = this.#options;
    for (;;) {
      try {
        await runTasks(
          [
            (stop) => this.#syncLoop.runSync(stop),
            (stop) => this.#syncLoop.runRenewal(stop),
            (stop) => this.#changes.run(stop),
            (stop) => this.#rotation.run(this.#connection, stop),
            (stop) => watchForClockJumps(clock, (byMs) => this.#onClockJump(byMs), { signal: stop }),
          ],
          signal,
        );
        log.info('Cache manager stopped');
        return;
      } catch (error) {
        await this.#recover(error, signal);
      }
    }
  }

  subscribe(
    selectors: readonly Selector[],
    options: { readonly needsSvids: boolean; readonly signal: AbortSignal },
  ): AsyncIterable<WorkloadUpdate> {
    return this.#cache.subscribe(selectors, options);
  }

  currentUpdate(selectors: readonly Selector[]): WorkloadUpdate {
    return this.#cache.currentUpdate(selectors);
  }

  matchingEntries(selectors: readonly Selector[]): readonly AuthorizedEntry[] {
    return this.#cache.matchingEntries(selectors);
  }

  fetchJwtSvid(
    entry: AuthorizedEntry,
    audience: readonly string[],
    options: { readonly signal: AbortSignal },
  ): Promise<{ readonly token: string; readonly expiresAtMs: number }> {
    return this.#jwtSvids.fetch(entry, audience, options);
  }

  /** The agent's own SVID as it is now. */
  get ownSvid(): { readonly certificates: readonly Certificate[]; readonly privateKey: KeyObject } {
    const { chain, key } = this.#rotation.current;
    return { certificates: chain, privateKey: key.privateKey };
  }

  getX509Bundle(trustDomain: TrustDomain): readonly Certificate[] {
    if (trustDomain.equals(this.#options.trustDomain)) return this.#authorities;
    const bundle = this.#cache.findBundle(trustDomain);
    if (bundle === undefined) {
      throw new SpiffeError('not-found', `no X.509 bundle found for trust domain: "${trustDomain}"`);
    }
    return bundle.x509Authorities;
  }

  verifiedSvidChain(): readonly Certificate[] {
    const { chains } = verifyX509Svid(this.#rotation.current.chain, this, { nowMs: this.#options.clock.nowMs() });
    return chains[0] ?? [];
  }

  /** Why the agent can do less than it should; undefined if all is well. */
  get trouble(): string | undefined {
    return this.#rotation.isExpired ? 'agent SVID has expired and could not be replaced yet' : undefined;
  }

  get uptimeSeconds(): number {
    return (this.#options.clock.monotonicMs() - this.#startedAtMs) / 1000;
  }

  get lastSyncSeconds(): number {
    return this.#syncLoop.lastSuccessMs / 1000;
  }

  get x509SvidCount(): number {
    return this.#cache.svidCount;
  }

  get jwtSvidCount(): number {
    return this.#jwtCache.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#jwtSvids.close();
    await this.#connection[Symbol.asyncDispose]();
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    const refusal = findRefusal(error);
    switch (refusal) {
      case 'expired':
      case 'not-attested':
      case 'not-active':
      case 'must-reattest':
        log.warn('Agent needs to re-attest; will attempt to re-attest', { error });
        try {
          await this.#rotation.reattest(this.#connection, signal);
          return;
        } catch (reattestError) {
          if (signal.aborted) throw reattestError;
          log.error('Agent failed re-attestation; removing SVID and shutting down', { error: reattestError });
        }
        await this.#deleteSvid();
        throw this.#end(refusal, error);
      case 'banned':
        log.warn('Agent is banned: removing SVID and shutting down', { error });
        await this.#deleteSvid();
        throw this.#end(refusal, error);
      case undefined:
        log.error('Cache manager crashed', { error });
        throw error;
    }
  }

  #end(refusal: Refusal, error: unknown): AgentEnd {
    const { chain, reattestable } = this.#rotation.current;
    return new AgentEnd(refusal, { agentId: agentIdText(chain), canReattest: reattestable }, error);
  }

  /** Whatever waits for a time looks again, and asks the server anew: what was connected may be long gone. */
  #onClockJump(byMs: number): void {
    logClockJump(this.#options.log, byMs);
    if (byMs > 0) void this.#connection.replace();
    this.#syncLoop.lookAgain();
    this.#rotation.lookSoon();
  }

  async #postStatus(signal: AbortSignal): Promise<void> {
    const { log, version } = this.#options;
    const request = { currentBundleSerial: 0n, agentVersion: version };
    try {
      const options = { signal, timeoutMs: CALL_TIMEOUT_MS };
      await this.#connection.use((client) => client.unary(AgentDefinition, 'postStatus', request, options));
    } catch (error) {
      // Servers before 1.14 do not know the call.
      failedCall(error, { what: 'post agent status', signal, log, fields: { agent_version: version } });
    }
  }

  async #onBundle(bundle: TrustBundle): Promise<void> {
    this.#authorities = bundle.bundle.x509Authorities;
    await this.#storeBundle();
    this.#taints.process(bundle);
  }

  async #storeBundle(): Promise<void> {
    const { storage, log } = this.#options;
    await storage
      .storeBundle(this.#authorities)
      .catch((error: unknown) => log.error('Could not store bundle', { error }));
  }

  async #deleteSvid(): Promise<void> {
    const { storage, log } = this.#options;
    await storage.deleteSvid().catch((error: unknown) => log.error('Failed to remove SVID', { error }));
  }
}
