import { bundleClient } from '../../client/bundle-client.ts';
import { Certificate } from '../../crypto/certificate.ts';
import type { RpcClient } from '../../rpc/client.ts';

/**
 * The longest life of a root in the server's bundle, in seconds; undefined if it has none. A server below an upstream
 * authority has a CA that may live shorter than that root: no API tells it.
 *
 * @throws RpcError
 */
export async function findCaLifeSeconds(
  rpc: RpcClient,
  options: { readonly signal: AbortSignal },
): Promise<number | undefined> {
  const { x509Authorities } = await bundleClient(rpc).getBundle({ outputMask: undefined }, options);
  const lives = x509Authorities.map(({ asn1 }) => {
    const { notAfterMs, notBeforeMs } = Certificate.parse(asn1);
    return (notAfterMs - notBeforeMs) / 1000;
  });
  return lives.length === 0 ? undefined : Math.floor(Math.max(...lives));
}
