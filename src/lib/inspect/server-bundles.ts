import { bundleClient } from '../client/bundle-client.ts';
import { Certificate } from '../crypto/certificate.ts';
import { parsePublicKey } from '../crypto/key.ts';
import { RpcClient } from '../rpc/client.ts';
import type { RpcTarget } from '../rpc/target.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { KeyAuthority } from '../spiffe/authority-bundle.ts';
import { bundleFromWire } from '../wire/convert/bundle.ts';
import type { Bundle as WireBundle } from '../wire/gen/spire/api/types/bundle.ts';
import type { BundleDocument, SeenKeyAuthority } from './document.ts';
import type { SourceContext } from './source-context.ts';

/** Bundles of other trust domains that are read from a server; more are an error rather than a part of the truth. */
const MOST_BUNDLES = 10_000;
const PAGE_SIZE = 50;

/**
 * The bundle of the server's own trust domain, then those that it keeps of others.
 *
 * @throws RpcError, SpirekitError `resource-exhausted`, `invalid-argument` for what no server sends
 */
export async function serverBundles(
  target: RpcTarget,
  { signal, timeoutMs }: Pick<SourceContext, 'signal' | 'timeoutMs'>,
): Promise<BundleDocument[]> {
  await using rpc = new RpcClient(target);
  const client = bundleClient(rpc);
  const options = { signal, timeoutMs };
  const bundles = [await client.getBundle({ outputMask: undefined }, options)];
  let pageToken = '';
  do {
    const page = await client.listFederatedBundles({ outputMask: undefined, pageSize: PAGE_SIZE, pageToken }, options);
    bundles.push(...page.bundles);
    pageToken = page.nextPageToken;
    if (bundles.length > MOST_BUNDLES) throw new SpirekitError('resource-exhausted', 'the server has too many bundles');
  } while (pageToken !== '');
  return bundles.map(serverBundle);
}

/** A bundle as a server sends it. @throws SpirekitError `invalid-argument` */
export function serverBundle(wire: WireBundle): BundleDocument {
  const bundle = bundleFromWire(wire);
  return {
    kind: 'bundle',
    name: `server's bundle of ${bundle.trustDomain.name}`,
    trustDomain: bundle.trustDomain,
    form: 'server',
    x509Authorities: bundle.x509Authorities.map(({ certificate, tainted }) => ({
      certificate: Certificate.parse(certificate),
      isTainted: tainted,
    })),
    jwtAuthorities: bundle.jwtAuthorities.map(seenKey),
    witAuthorities: bundle.witAuthorities.map(seenKey),
    sequenceNumber: bundle.sequenceNumber > 0n ? bundle.sequenceNumber : undefined,
    refreshHint: bundle.refreshHintSeconds > 0 ? BigInt(Math.trunc(bundle.refreshHintSeconds)) : undefined,
  };
}

function seenKey({ keyId, publicKey, expiresAtSeconds, tainted }: KeyAuthority): SeenKeyAuthority {
  return {
    keyId,
    key: parsePublicKey(publicKey),
    expiresAtMs: expiresAtSeconds === 0 ? undefined : expiresAtSeconds * 1000,
    isTainted: tainted,
  };
}
