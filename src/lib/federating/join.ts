import { bundleClient } from '../client/bundle-client.ts';
import { trustDomainClient } from '../client/trust-domain-client.ts';
import type { RpcClient } from '../rpc/client.ts';
import { errorCodeOfStatus, RpcCode, RpcError } from '../rpc/status.ts';
import { prefixed, SpirekitError } from '../runtime/errors.ts';
import type { AuthorityBundle } from '../spiffe/authority-bundle.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';
import { bundleFromWire, bundleToWire } from '../wire/convert/bundle.ts';
import { BatchDeleteFederatedBundleRequest_Mode } from '../wire/gen/spire/api/server/bundle/v1/bundle.ts';
import { FederationRelationship } from '../wire/gen/spire/api/types/federationrelationship.ts';
import { endpointIdText, profileName } from './bundle-endpoint.ts';
import { bundleFingerprint } from './bundle-fingerprint.ts';

/** What joining leads to. */
export interface WantedRelationship {
  readonly trustDomain: TrustDomain;
  readonly url: string;
  readonly profile: 'https_web' | 'https_spiffe';
  /** Empty with `https_web`. */
  readonly endpointId: string;
}

/** What the server has of the other trust domain already. */
export interface HeldFederation {
  readonly ownTrustDomain: string;
  readonly ownBundle: AuthorityBundle;
  readonly relationship: FederationRelationship | undefined;
  readonly bundle: AuthorityBundle | undefined;
}

/** A field in which what is there differs from what is wanted. */
export interface FederationDifference {
  readonly field: string;
  readonly held: string;
  readonly wanted: string;
}

type CallOptions = { readonly signal?: AbortSignal | undefined };

/**
 * Reads what the server has of a trust domain.
 *
 * @throws RpcError, SpirekitError `invalid-argument` for a bundle that cannot be read
 */
export async function readHeld(rpc: RpcClient, trustDomain: string, options: CallOptions): Promise<HeldFederation> {
  const own = await bundleClient(rpc).getBundle({ outputMask: undefined }, options);
  const request = { trustDomain, outputMask: undefined };
  const relationship = await orNothing(trustDomainClient(rpc).getFederationRelationship(request, options));
  const bundle = await findStoredBundle(rpc, trustDomain, options);
  const ownBundle = bundleFromWire(own);
  return { ownTrustDomain: ownBundle.trustDomain.name, ownBundle, relationship, bundle };
}

/** The bundle of another trust domain that the server has, if it has one. */
export async function findStoredBundle(
  rpc: RpcClient,
  trustDomain: string,
  options: CallOptions,
): Promise<AuthorityBundle | undefined> {
  const found = await orNothing(bundleClient(rpc).getFederatedBundle({ trustDomain, outputMask: undefined }, options));
  return found === undefined ? undefined : bundleFromWire(found);
}

/** In what the relationship that is there differs from the wanted one; empty if in nothing. */
export function differencesOf(held: FederationRelationship, wanted: WantedRelationship): FederationDifference[] {
  return [
    { field: 'bundle endpoint', held: held.bundleEndpointUrl, wanted: wanted.url },
    { field: 'profile', held: profileName(held), wanted: wanted.profile },
    { field: 'endpoint SPIFFE ID', held: endpointIdText(held), wanted: wanted.endpointId },
  ].filter((difference) => difference.held !== difference.wanted);
}

/** What became of joining. */
export interface JoinOutcome {
  /** Why the server could not fetch the bundle right away, though it has the relationship. */
  readonly refreshProblem: SpirekitError | undefined;
  /** Whether the server has the bundle that was agreed to, or a later one that it fetched. */
  readonly bundle: AuthorityBundle | undefined;
  readonly isAgreedBundle: boolean;
}

/**
 * Stores the bundle, makes the relationship, and has the server fetch the bundle. If the relationship is refused, a bundle
 * that was not there before is taken away again.
 *
 * @throws RpcError, SpirekitError with the code that the server refused it with
 */
export async function join(
  rpc: RpcClient,
  wanted: WantedRelationship,
  bundle: AuthorityBundle,
  held: HeldFederation,
  options: CallOptions,
): Promise<JoinOutcome> {
  const { trustDomain } = wanted;
  const bundles = bundleClient(rpc);
  const relationships = trustDomainClient(rpc);
  const set = await bundles.batchSetFederatedBundle({ bundle: [bundleToWire(bundle)], outputMask: undefined }, options);
  checkResult('the bundle was refused', set.results[0]);
  if (held.relationship === undefined) {
    const made = FederationRelationship.create({
      trustDomain: trustDomain.name,
      bundleEndpointUrl: wanted.url,
      bundleEndpointProfile:
        wanted.profile === 'https_web'
          ? { $case: 'httpsWeb', value: {} }
          : { $case: 'httpsSpiffe', value: { endpointSpiffeId: wanted.endpointId } },
    });
    try {
      const request = { federationRelationships: [made], outputMask: undefined };
      const created = await relationships.batchCreateFederationRelationship(request, options);
      checkResult('the relationship was refused', created.results[0]);
    } catch (error) {
      if (held.bundle === undefined) {
        const request = { trustDomains: [trustDomain.name], mode: BatchDeleteFederatedBundleRequest_Mode.RESTRICT };
        await bundles.batchDeleteFederatedBundle(request, options).catch(() => undefined);
      }
      throw error;
    }
  }
  let refreshProblem: SpirekitError | undefined;
  try {
    await relationships.refreshBundle({ trustDomain: trustDomain.name }, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    refreshProblem = SpirekitError.from(error);
  }
  const stored = await findStoredBundle(rpc, trustDomain.name, options);
  const isAgreedBundle = stored !== undefined && bundleFingerprint(stored) === bundleFingerprint(bundle);
  return { refreshProblem, bundle: stored, isAgreedBundle };
}

function checkResult(
  what: string,
  result: { readonly status?: { readonly code: number; readonly message: string } | undefined } | undefined,
): void {
  const code = result?.status?.code ?? 0;
  if (code === 0) return;
  throw prefixed(what, new SpirekitError(errorCodeOfStatus(code), result?.status?.message ?? ''));
}

async function orNothing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof RpcError && error.status === RpcCode.notFound) return undefined;
    throw error;
  }
}
