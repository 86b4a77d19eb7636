import type { Bundle } from '../wire/gen/spire/api/types/bundle.ts';
import type { BundleClient } from './bundle-client.ts';
import { followPages, type ListPage } from './paged-list.ts';

/** A bundle may have hundreds of authorities; a page stays below gRPC's default limit of 4 MiB. */
const BUNDLE_PAGE_SIZE = 50;

/**
 * The bundles of all federated trust domains, page by page. SPIRE's CLI asks for all of them at once; the order is the same.
 *
 * @throws RpcError also from the pages
 */
export async function bundlePages(
  client: Pick<BundleClient, 'listFederatedBundles'>,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<AsyncIterable<readonly Bundle[]>> {
  const fetchPage = async (pageToken: string): Promise<ListPage<Bundle>> => {
    const request = { outputMask: undefined, pageSize: BUNDLE_PAGE_SIZE, pageToken };
    const { bundles, nextPageToken } = await client.listFederatedBundles(request, { signal });
    return { items: bundles, nextPageToken };
  };
  return followPages(await fetchPage(''), fetchPage);
}
