import { bundleClient } from '../../client/bundle-client.ts';
import { collectPages } from '../../client/collect-pages.ts';
import { entryClient } from '../../client/entry-client.ts';
import { listEntriesInOrder } from '../../client/entry-listing.ts';
import { trustDomainClient } from '../../client/trust-domain-client.ts';
import type { RpcClient } from '../../rpc/client.ts';
import type { Bundle } from '../../wire/gen/spire/api/types/bundle.ts';
import type { Entry } from '../../wire/gen/spire/api/types/entry.ts';
import type { FederationRelationship } from '../../wire/gen/spire/api/types/federationrelationship.ts';
import { awaitWithin } from '../error-context.ts';

/** What of a server can be moved to another one. */
export interface ServerContents {
  /** The name of the server's own trust domain. */
  readonly trustDomain: string;
  /** Of federated trust domains. */
  readonly bundles: readonly Bundle[];
  readonly relationships: readonly FederationRelationship[];
  readonly entries: readonly Entry[];
}

/** How the contents of a server are read. */
export interface ReadingOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told how many of the entries are there. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

const PAGE_SIZE = 500;

/**
 * Reads all of it, page by page.
 *
 * @param which the server, in words for the failure
 * @throws RpcError with words in front
 */
export async function readServerContents(
  rpc: RpcClient,
  which: string,
  options: ReadingOptions = {},
): Promise<ServerContents> {
  const reading = (what: string): string => `cannot read the ${what} of the ${which}`;
  const bundleService = bundleClient(rpc);
  const own = bundleService.getBundle({ outputMask: NO_AUTHORITIES }, options);
  const { trustDomain } = await awaitWithin(reading('trust domain'), own);
  const bundles = await awaitWithin(
    reading('bundles'),
    collectPages(async (pageToken) => {
      const request = { outputMask: undefined, pageSize: PAGE_SIZE, pageToken };
      const page = await bundleService.listFederatedBundles(request, options);
      return { items: page.bundles, nextPageToken: page.nextPageToken };
    }),
  );
  const relationships = await awaitWithin(
    reading('federation relationships'),
    collectPages(async (pageToken) => {
      const request = { outputMask: undefined, pageSize: PAGE_SIZE, pageToken };
      const page = await trustDomainClient(rpc).listFederationRelationships(request, options);
      return { items: page.federationRelationships, nextPageToken: page.nextPageToken };
    }),
  );
  const entries = await awaitWithin(reading('entries'), readEntries(rpc, options));
  return { trustDomain, bundles, relationships, entries };
}

async function readEntries(rpc: RpcClient, { signal, onProgress }: ReadingOptions): Promise<Entry[]> {
  const entries: Entry[] = [];
  const { pages, count } = await listEntriesInOrder(entryClient(rpc), NO_FILTER, { signal });
  for await (const page of pages) {
    for (const entry of page) entries.push(entry);
    onProgress?.(entries.length, count);
  }
  return entries;
}

const NO_AUTHORITIES = {
  x509Authorities: false,
  jwtAuthorities: false,
  witAuthorities: false,
  refreshHint: false,
  sequenceNumber: false,
};

const NO_FILTER = {
  bySpiffeId: undefined,
  byParentId: undefined,
  bySelectors: undefined,
  byFederatesWith: undefined,
  byHint: undefined,
  byDownstream: undefined,
};
