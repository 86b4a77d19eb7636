import { Certificate } from '../../crypto/certificate.ts';
import type { RpcClient } from '../../rpc/client.ts';
import type { Logger } from '../../runtime/logger.ts';
import { SVIDDefinition } from '../../wire/gen/spire/api/server/svid/v1/svid.ts';
import { failedCall } from './failed-call.ts';

/** One X509-SVID to be signed. */
export interface SvidRequest {
  readonly entryId: string;
  /** PKCS #10 in DER. */
  readonly csr: Uint8Array;
}

/** A chain, leaf first. */
export type SvidChain = readonly [Certificate, ...Certificate[]];

/**
 * Has the server sign X509-SVIDs; resolves with those it gave, by entry id. Those it refused are logged and left out.
 * Rejects when the whole call fails.
 */
export async function signX509Svids(
  client: RpcClient,
  requests: readonly SvidRequest[],
  options: { readonly signal: AbortSignal; readonly timeoutMs: number; readonly log: Logger },
): Promise<ReadonlyMap<string, SvidChain>> {
  const { signal, timeoutMs, log } = options;
  const params = requests.map(({ entryId, csr }) => ({ entryId, csr }));
  const { results } = await client
    .unary(SVIDDefinition, 'batchNewX509SVID', { params }, { signal, timeoutMs })
    .catch((error: unknown) => {
      throw failedCall(error, { what: 'batch new X509 SVID(s)', signal, log });
    });
  const chains = new Map<string, SvidChain>();
  for (const [index, { entryId }] of requests.entries()) {
    const result = results[index];
    if (result?.svid === undefined || (result.status !== undefined && result.status.code !== 0)) {
      const { code, message } = result?.status ?? { code: 0, message: 'no result' };
      log.warn('Failed to mint X509 SVID', { registration_id: entryId, status: code, error: message });
      continue;
    }
    try {
      const [leaf, ...intermediates] = result.svid.certChain.map((der) => Certificate.parse(der));
      if (leaf !== undefined) chains.set(entryId, [leaf, ...intermediates]);
    } catch (error) {
      log.warn('Failed to mint X509 SVID', { registration_id: entryId, error });
    }
  }
  return chains;
}
