import type { DocumentFetcher, FetchOptions } from '../../fetch/document-fetcher.ts';
import type { Clock } from '../../runtime/clock.ts';
import { prefixed, SpirekitError } from '../../runtime/errors.ts';
import { goQuote } from '../../runtime/go-quote.ts';
import type { AuthorityBundle } from '../../spiffe/authority-bundle.ts';
import { endpointVerifier } from '../../spiffe/bundle-endpoint-identity.ts';
import { acceptFederatedBundle, isSameBundle } from '../../spiffe/federated-bundle.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { BundleStore } from '../datastore/bundle-store.ts';
import type { FederationRelationship } from '../datastore/federation-store.ts';

/** What the refresh of a bundle depends on. */
export interface BundleRefresherDeps {
  readonly bundles: Pick<BundleStore, 'findBundle' | 'advanceBundle'>;
  /** Asked for at the first refresh: the modules behind it take a while to load. */
  readonly fetcher: () => Promise<Pick<DocumentFetcher, 'fetch'>>;
  readonly clock: Clock;
}

/** How a refresh ended. Whatever went wrong, the stored bundle is still there. */
export interface RefreshOutcome {
  /** The bundle that is stored now. */
  readonly bundle: AuthorityBundle | undefined;
  /** Whether it was stored by this refresh. */
  readonly isNew: boolean;
  /** Why nothing could be learned. The sentences are SPIRE's, up to the reason. */
  readonly error?: SpirekitError;
}

/** How much of an answer that is no bundle is told. */
const SHOWN_BYTES = 200;

/** Fetches bundles of other trust domains from their endpoints and stores them. */
export class BundleRefresher {
  readonly #deps: BundleRefresherDeps;

  constructor(deps: BundleRefresherDeps) {
    this.#deps = deps;
  }

  /** Rejects only with the signal's reason; what was fetched is then not stored. */
  async refresh(relationship: FederationRelationship, signal: AbortSignal): Promise<RefreshOutcome> {
    let stored: AuthorityBundle | undefined;
    try {
      stored = await inStep('failed to fetch local federated bundle', this.#find(relationship.trustDomain));
      const fetching = this.#fetch(relationship, stored, signal);
      const fetched = await inStep('failed to fetch federated bundle from endpoint', fetching);
      signal.throwIfAborted();
      if (stored !== undefined && isSameBundle(fetched, stored)) return { bundle: stored, isNew: false };
      // Another server may have fetched a newer one meanwhile.
      const advance = this.#deps.bundles.advanceBundle(fetched);
      const kept = await inStep('failed to store fetched federated bundle', advance);
      return { bundle: kept, isNew: kept === fetched };
    } catch (cause) {
      signal.throwIfAborted();
      return { bundle: stored, isNew: false, error: SpirekitError.from(cause) };
    }
  }

  #find(trustDomain: FederationRelationship['trustDomain']): Promise<AuthorityBundle | undefined> {
    return this.#deps.bundles.findBundle(trustDomain);
  }

  async #fetch(
    { trustDomain, bundleEndpointUrl, profile }: FederationRelationship,
    stored: AuthorityBundle | undefined,
    signal: AbortSignal,
  ): Promise<AuthorityBundle> {
    const options: FetchOptions = {
      accept: 'application/json',
      signal,
      ...(profile.kind === 'https_spiffe' && { verifyServer: await this.#endpointVerifier(profile.endpointSpiffeId) }),
    };
    const fetcher = await this.#deps.fetcher();
    const { status, body } = await fetcher.fetch(bundleEndpointUrl, options);
    if (status !== 200) {
      const said = Buffer.from(body.subarray(0, SHOWN_BYTES)).toString('utf8').trim();
      throw new SpirekitError('unavailable', `unexpected status ${status} fetching bundle: ${goQuote(said)}`);
    }
    return acceptFederatedBundle(trustDomain, body, stored);
  }

  /** The endpoint must show an SVID with this ID, of the bundle that is stored for the ID's own trust domain. */
  async #endpointVerifier(endpointId: SpiffeId): Promise<(chainDer: readonly Uint8Array[]) => void> {
    const bundle = await this.#find(endpointId.trustDomain);
    if (bundle === undefined) {
      throw new SpirekitError(
        'failed-precondition',
        `can't perform SPIFFE Authentication: local copy of bundle not found for trust domain ${goQuote(endpointId.trustDomain.name)}; set it once with "bundle set"`,
      );
    }
    return endpointVerifier(endpointId, bundle, () => this.#deps.clock.nowMs());
  }
}

async function inStep<T>(step: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw prefixed(step, cause);
  }
}
