import type { CallContext, ServiceImplementation } from '../../../../rpc/call-context.ts';
import { RpcCode, RpcError } from '../../../../rpc/status.ts';
import type { Clock } from '../../../../runtime/clock.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { Logger } from '../../../../runtime/logger.ts';
import type { JwtBundleSource } from '../../../../spiffe/bundle-source.ts';
import { parseJwtSvid } from '../../../../spiffe/jwt-svid.ts';
import type { Selector } from '../../../../spiffe/selector.ts';
import { SpiffeId } from '../../../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../../../spiffe/trust-domain.ts';
import {
  JWTBundlesResponse,
  type JWTSVIDRequest,
  type JWTSVIDResponse,
  type SpiffeWorkloadAPIDefinition,
  type ValidateJWTSVIDRequest,
  type ValidateJWTSVIDResponse,
  X509BundlesResponse,
  X509SVIDResponse,
} from '../../../../wire/gen/workload.ts';
import type { PeerAttestor } from '../../../attestor/workload/peer-attestation.ts';
import { filterHints } from '../../../cache/hint-filter.ts';
import type { WorkloadUpdate } from '../../../cache/workload-update.ts';
import type { WorkloadIdentitySource } from './identity-source.ts';
import { loggableSelectors } from './loggable-selectors.ts';
import { bundlesOf, ChangeFilter, jwtBundlesResponse, x509BundlesResponse, x509SvidResponse } from './responses.ts';

/** What {@link WorkloadApi} needs. */
export interface WorkloadApiOptions {
  readonly trustDomain: TrustDomain;
  readonly source: WorkloadIdentitySource;
  readonly attestor: PeerAttestor;
  /** Whether a workload without an entry gets the bundle of the agent's trust domain. */
  readonly allowUnauthenticatedVerifiers: boolean;
  /** Claims beside `sub`, `exp` and `aud` that are shown of tokens from other trust domains. */
  readonly allowedForeignJwtClaims: readonly string[];
  /** Prefixes of selectors that may appear in the log. */
  readonly logSelectors: readonly string[];
  /** The process of the agent itself, whose calls are not logged. */
  readonly ownPid: number;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly log: Logger;
}

/** A caller that was attested. */
interface Caller {
  readonly selectors: readonly Selector[];
  readonly log: Logger;
  readonly isAgentItself: boolean;
}

/** Of a token from another trust domain, what RFC 7519 and the JWT-SVID standard say that everybody understands. */
const ALWAYS_SHOWN_CLAIMS: readonly string[] = ['sub', 'exp', 'aud'];

/**
 * The SPIFFE Workload API (SpiffeWorkloadAPI). Errors, in SPIRE's words: InvalidArgument for a request that lacks
 * something, PermissionDenied when the workload has no identity (any more), Unavailable when it cannot be attested or
 * the server is needed and gone. WIT-SVIDs are Unimplemented.
 */
export class WorkloadApi implements ServiceImplementation<typeof SpiffeWorkloadAPIDefinition> {
  readonly #options: WorkloadApiOptions;

  constructor(options: WorkloadApiOptions) {
    this.#options = options;
  }

  async *fetchX509SVID(_request: unknown, call: CallContext): AsyncGenerator<X509SVIDResponse> {
    const caller = await this.#attest(call, 'FetchX509SVID');
    const changes = new ChangeFilter(X509SVIDResponse);
    for await (const update of this.#subscribe(caller, call, { needsSvids: true })) {
      const identities = filterHints(update.identities, ({ entry }) => entry, this.#warnOfHint(caller.log));
      if (identities.length === 0) throw this.#noIdentity(caller);
      const response = x509SvidResponse(update, identities);
      if (!changes.isChanged(response)) continue;
      yield response;
      if (caller.isAgentItself) continue;
      for (const { entry, svid } of identities) {
        const ttl = (svid.chain[0].notAfterMs - this.#options.clock.nowMs()) / 1000;
        caller.log.debug('Fetched X.509 SVID', {
          count: identities.length,
          registered: true,
          spiffe_id: entry.spiffeId,
          ttl,
        });
      }
    }
  }

  async *fetchX509Bundles(_request: unknown, call: CallContext): AsyncGenerator<X509BundlesResponse> {
    const caller = await this.#attest(call, 'FetchX509Bundles');
    const changes = new ChangeFilter(X509BundlesResponse);
    for await (const update of this.#subscribe(caller, call, { needsSvids: false })) {
      this.#checkMayHaveBundles(update, caller);
      const response = x509BundlesResponse(update);
      if (changes.isChanged(response)) yield response;
    }
  }

  async fetchJWTSVID(request: JWTSVIDRequest, call: CallContext): Promise<JWTSVIDResponse> {
    // SPIRE's agent asks its server again and again about an empty audience; nothing good can come of it.
    if (request.audience.length === 0 || request.audience.includes('')) {
      throw invalidArgument('audience must be specified');
    }
    const requestedId = request.spiffeId === '' ? undefined : parseRequestedId(request.spiffeId);
    const caller = await this.#attest(call, 'FetchJWTSVID');
    const entries = filterHints(
      this.#options.source.matchingEntries(caller.selectors),
      (entry) => entry,
      this.#warnOfHint(caller.log),
    ).filter((entry) => requestedId === undefined || entry.spiffeId.equals(requestedId));
    if (entries.length === 0) throw this.#noIdentity(caller);
    const svids = await Promise.all(
      entries.map(async (entry) => {
        const log = caller.log.with({ registered: true, spiffe_id: entry.spiffeId });
        const { token, expiresAtMs } = await this.#fetchJwtSvid(entry, request.audience, call, log);
        log.debug('Fetched JWT SVID', { ttl: (expiresAtMs - this.#options.clock.nowMs()) / 1000 });
        return { spiffeId: entry.spiffeId.toString(), svid: token, hint: entry.hint };
      }),
    );
    return { svids };
  }

  async *fetchJWTBundles(_request: unknown, call: CallContext): AsyncGenerator<JWTBundlesResponse> {
    const caller = await this.#attest(call, 'FetchJWTBundles');
    const changes = new ChangeFilter(JWTBundlesResponse);
    for await (const update of this.#subscribe(caller, call, { needsSvids: false })) {
      this.#checkMayHaveBundles(update, caller);
      const response = jwtBundlesResponse(update);
      if (changes.isChanged(response)) yield response;
    }
  }

  async validateJWTSVID(request: ValidateJWTSVIDRequest, call: CallContext): Promise<ValidateJWTSVIDResponse> {
    if (request.audience === '') throw invalidArgument('audience must be specified');
    if (request.svid === '') throw invalidArgument('svid must be specified');
    const caller = await this.#attest(call, 'ValidateJWTSVID');
    const log = caller.log.with({ audience: request.audience });
    const bundles = bundleSource(this.#options.source.currentUpdate(caller.selectors));
    try {
      const nowMs = this.#options.clock.nowMs();
      const svid = await parseJwtSvid(request.svid, [request.audience], bundles, { nowMs });
      log.debug('Successfully validated JWT', { spiffe_id: svid.id });
      // Always a list, though a token may hold a single audience as a string (RFC 7519 section 4.1.3).
      return { spiffeId: svid.id.toString(), claims: { ...this.#shownClaims(svid), aud: [...svid.audience] } };
    } catch (error) {
      log.warn('Failed to validate JWT', { error });
      throw error;
    }
  }

  // biome-ignore lint/correctness/useYield: a stream that is refused
  async *fetchWITSVID(): AsyncGenerator<never> {
    throw new RpcError(RpcCode.unimplemented, 'fetching WIT-SVIDs is not implemented');
  }

  // biome-ignore lint/correctness/useYield: a stream that is refused
  async *fetchWITBundles(): AsyncGenerator<never> {
    throw new RpcError(RpcCode.unimplemented, 'fetching WIT bundles is not implemented');
  }

  async #attest(call: CallContext, method: string): Promise<Caller> {
    const { attestor, ownPid } = this.#options;
    const pid = call.peer.kind === 'unix' ? call.peer.pid : 0;
    const log = this.#options.log.with({ service: 'WorkloadAPI', method, pid });
    try {
      const selectors = await attestor.attest(call.peer, { signal: call.signal });
      return { selectors, log, isAgentItself: pid === ownPid };
    } catch (error) {
      log.error('Workload attestation failed', { error });
      if (call.signal.aborted) throw SpirekitError.from(call.signal.reason);
      throw new RpcError(RpcCode.unavailable, 'workload attestation failed', { cause: error });
    }
  }

  #subscribe(caller: Caller, call: CallContext, options: { needsSvids: boolean }): AsyncIterable<WorkloadUpdate> {
    return this.#options.source.subscribe(caller.selectors, { ...options, signal: call.signal });
  }

  async #fetchJwtSvid(
    entry: Parameters<WorkloadIdentitySource['fetchJwtSvid']>[0],
    audience: readonly string[],
    call: CallContext,
    log: Logger,
  ): ReturnType<WorkloadIdentitySource['fetchJwtSvid']> {
    try {
      return await this.#options.source.fetchJwtSvid(entry, audience, { signal: call.signal });
    } catch (error) {
      log.error('Could not fetch JWT-SVID', { error });
      const reason = SpirekitError.from(error).message;
      throw new RpcError(RpcCode.unavailable, `could not fetch JWT-SVID: ${reason}`, { cause: error });
    }
  }

  #checkMayHaveBundles(update: WorkloadUpdate, caller: Caller): void {
    if (update.entries.length === 0 && !this.#options.allowUnauthenticatedVerifiers) throw this.#noIdentity(caller);
  }

  #noIdentity(caller: Caller): RpcError {
    if (!caller.isAgentItself) {
      const selectors = loggableSelectors(caller.selectors, this.#options.logSelectors);
      caller.log.error('No identity issued', { registered: false, ...(selectors === undefined ? {} : { selectors }) });
    }
    return new RpcError(RpcCode.permissionDenied, 'no identity issued');
  }

  #warnOfHint(log: Logger): (entry: { readonly id: string; readonly hint: string }) => void {
    return ({ id, hint }) => log.warn('Ignoring entry with duplicate hint', { hint, registration_id: id });
  }

  #shownClaims(svid: { readonly id: SpiffeId; readonly claims: Readonly<Record<string, unknown>> }): object {
    if (svid.id.isMemberOf(this.#options.trustDomain)) return svid.claims;
    const shown = new Set([...ALWAYS_SHOWN_CLAIMS, ...this.#options.allowedForeignJwtClaims]);
    return Object.fromEntries(Object.entries(svid.claims).filter(([name]) => shown.has(name)));
  }
}

function invalidArgument(message: string): RpcError {
  return new RpcError(RpcCode.invalidArgument, message);
}

function parseRequestedId(text: string): SpiffeId {
  try {
    return SpiffeId.parse(text);
  } catch (error) {
    throw invalidArgument(`invalid requested SPIFFE ID: ${SpirekitError.from(error).message}`);
  }
}

function bundleSource(update: WorkloadUpdate): JwtBundleSource {
  const keys = new Map(bundlesOf(update).map((bundle) => [bundle.trustDomain.name, bundle.jwtAuthorities]));
  return { findJwtBundle: (trustDomain) => keys.get(trustDomain.name) };
}
