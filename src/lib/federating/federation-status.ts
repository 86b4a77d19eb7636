import { bundleClient } from '../client/bundle-client.ts';
import { bundlePages } from '../client/bundle-listing.ts';
import { entryClient } from '../client/entry-client.ts';
import { entryPages } from '../client/entry-listing.ts';
import { federationClient } from '../client/federation-client.ts';
import { trustDomainClient } from '../client/trust-domain-client.ts';
import { Certificate } from '../crypto/certificate.ts';
import type { DocumentFetcher } from '../fetch/document-fetcher.ts';
import type { RpcClient } from '../rpc/client.ts';
import { RpcCode, RpcError } from '../rpc/status.ts';
import type { Clock } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { AuthorityBundle } from '../spiffe/authority-bundle.ts';
import { acceptFederatedBundle } from '../spiffe/federated-bundle.ts';
import { SpiffeId } from '../spiffe/spiffe-id.ts';
import { bundleFromWire } from '../wire/convert/bundle.ts';
import { ListEntriesRequest_Filter } from '../wire/gen/spire/api/server/entry/v1/entry.ts';
import { EntryMask } from '../wire/gen/spire/api/types/entry.ts';
import type { BundleStatus } from '../wire/gen/spirekit/api/server/federation/v1/federation.ts';
import { type EndpointProfile, endpointIdText, fetchBundleDocument, profileName } from './bundle-endpoint.ts';
import { bundleFingerprint } from './bundle-fingerprint.ts';
import type { EndpointLook, FederatedDomainStatus } from './federated-domain-status.ts';
import { federationFindings } from './federation-findings.ts';

/** How federation stands. */
export interface FederationStatus {
  readonly atMs: number;
  readonly trustDomain: string;
  /** Of the own bundle, for others to compare. */
  readonly ownFingerprint: string;
  readonly domains: readonly FederatedDomainStatus[];
}

/** How many endpoints are asked at a time. */
const AT_ONCE = 8;

/**
 * Gathers what the server tells of each federated trust domain, and asks their endpoints from here.
 *
 * @throws RpcError; what is wrong with one trust domain is in its findings
 */
export async function readFederationStatus(
  rpc: RpcClient,
  options: {
    readonly clock: Clock;
    readonly signal?: AbortSignal | undefined;
    /** Without it no endpoint is asked. */
    readonly fetcher?: Pick<DocumentFetcher, 'fetch'> | undefined;
    readonly onProgress?: (done: number, total: number) => void;
  },
): Promise<FederationStatus> {
  const { clock, signal } = options;
  const own = bundleFromWire(await bundleClient(rpc).getBundle({ outputMask: undefined }, { signal }));
  const bundles = new Map<string, AuthorityBundle>();
  for await (const page of await bundlePages(bundleClient(rpc), { signal })) {
    for (const bundle of page) bundles.set(bundle.trustDomain, bundleFromWire(bundle));
  }
  const places = await readPlaces(rpc, signal);
  const uses = await countUses(rpc, signal);
  const names = [...new Set([...bundles.keys(), ...places.keys()])].sort();
  const domains: FederatedDomainStatus[] = [];
  let done = 0;
  const work = names.values();
  const runner = async (): Promise<void> => {
    for (const name of work) {
      const place = places.get(name);
      domains.push(await statusOf(name, place, bundles, uses.get(name) ?? 0, options));
      done += 1;
      options.onProgress?.(done, names.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, runner));
  domains.sort((a, b) => (a.trustDomain < b.trustDomain ? -1 : 1));
  return {
    atMs: clock.nowMs(),
    trustDomain: own.trustDomain.name,
    ownFingerprint: bundleFingerprint(own),
    domains,
  };
}

/** Where a bundle comes from, and how that fares. */
interface Place {
  readonly url: string;
  readonly profile: string;
  readonly endpointId: string;
  readonly isConfigured: boolean;
  readonly status: BundleStatus | undefined;
}

async function readPlaces(rpc: RpcClient, signal: AbortSignal | undefined): Promise<Map<string, Place>> {
  const places = new Map<string, Place>();
  const request = { outputMask: undefined, pageSize: 0, pageToken: '' };
  const listed = await trustDomainClient(rpc).listFederationRelationships(request, { signal });
  for (const relationship of listed.federationRelationships) {
    places.set(relationship.trustDomain, {
      url: relationship.bundleEndpointUrl,
      profile: profileName(relationship),
      endpointId: endpointIdText(relationship),
      isConfigured: false,
      status: undefined,
    });
  }
  for (const status of await findStatuses(rpc, signal)) {
    const made = places.get(status.trustDomain);
    places.set(status.trustDomain, {
      url: status.bundleEndpointUrl,
      profile: status.bundleEndpointProfile,
      endpointId: made?.endpointId ?? '',
      isConfigured: status.configured,
      status,
    });
  }
  return places;
}

/** None from a server that cannot tell, as SPIRE's. */
async function findStatuses(rpc: RpcClient, signal: AbortSignal | undefined): Promise<readonly BundleStatus[]> {
  try {
    return (await federationClient(rpc).listBundleStatus({}, { signal })).statuses;
  } catch (error) {
    if (error instanceof RpcError && error.status === RpcCode.unimplemented) return [];
    throw error;
  }
}

async function countUses(rpc: RpcClient, signal: AbortSignal | undefined): Promise<Map<string, number>> {
  const uses = new Map<string, number>();
  const outputMask = EntryMask.create({ federatesWith: true });
  for await (const page of entryPages(entryClient(rpc), ListEntriesRequest_Filter.create(), { outputMask, signal })) {
    for (const { federatesWith } of page) {
      for (const name of federatesWith) uses.set(name, (uses.get(name) ?? 0) + 1);
    }
  }
  return uses;
}

async function statusOf(
  trustDomain: string,
  place: Place | undefined,
  bundles: ReadonlyMap<string, AuthorityBundle>,
  usedBy: number,
  options: Parameters<typeof readFederationStatus>[1],
): Promise<FederatedDomainStatus> {
  const bundle = bundles.get(trustDomain);
  const roots = (bundle?.x509Authorities ?? []).map(({ certificate }) => Certificate.parse(certificate));
  const status = place?.status;
  const domain = {
    trustDomain,
    url: place?.url,
    profile: place?.profile ?? '',
    endpointId: place?.endpointId ?? '',
    isConfigured: place?.isConfigured ?? false,
    bundle,
    lastRootEndsMs: roots.length === 0 ? undefined : Math.max(...roots.map(({ notAfterMs }) => notAfterMs)),
    shortestLifeMs:
      roots.length === 0
        ? undefined
        : Math.min(...roots.map(({ notBeforeMs, notAfterMs }) => notAfterMs - notBeforeMs)),
    isRefreshTold: status !== undefined,
    lastSuccessMs:
      status === undefined || status.lastSuccessAt === 0n ? undefined : Number(status.lastSuccessAt) * 1000,
    problem: status?.problem ?? '',
    usedBy,
    endpoint: place === undefined ? undefined : await lookAtEndpoint(place, bundle, bundles, options),
  };
  return { ...domain, findings: federationFindings(domain, options.clock.nowMs()) };
}

async function lookAtEndpoint(
  place: Place,
  stored: AuthorityBundle | undefined,
  bundles: ReadonlyMap<string, AuthorityBundle>,
  { fetcher, clock, signal }: Parameters<typeof readFederationStatus>[1],
): Promise<EndpointLook | undefined> {
  if (fetcher === undefined) return undefined;
  // The servers that know relationships of the configuration do not tell the SPIFFE ID of their endpoints.
  if (place.profile === 'https_spiffe' && place.endpointId === '') return undefined;
  try {
    const profile = profileOf(place, bundles);
    const document = await fetchBundleDocument(fetcher, place.url, profile, { clock, signal });
    if (stored === undefined) return {};
    return { bundle: acceptFederatedBundle(stored.trustDomain, document, stored) };
  } catch (error) {
    signal?.throwIfAborted();
    return { problem: SpirekitError.from(error) };
  }
}

function profileOf(place: Place, bundles: ReadonlyMap<string, AuthorityBundle>): EndpointProfile {
  if (place.profile !== 'https_spiffe') return { kind: 'https_web' };
  const endpointId = SpiffeId.parse(place.endpointId);
  const bundle = bundles.get(endpointId.trustDomain.name);
  if (bundle !== undefined) return { kind: 'https_spiffe', endpointId, bundle };
  throw new SpirekitError(
    'failed-precondition',
    `there is no bundle of ${endpointId.trustDomain} to recognise the endpoint by`,
  );
}
