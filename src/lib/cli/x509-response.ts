import { Certificate } from '../crypto/certificate.ts';
import { parsePkcs8 } from '../crypto/key.ts';
import { prefixed, SpirekitError } from '../runtime/errors.ts';
import { goQuote } from '../runtime/go-quote.ts';
import { SpiffeId } from '../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../spiffe/trust-domain.ts';
import { verifyX509Svid } from '../spiffe/x509-svid.ts';
import type { X509SVID, X509SVIDResponse } from '../wire/gen/workload.ts';
import { parseX509Context } from '../workloadapi/x509-context.ts';
import type { ShownSvid } from './pretty/x509-svid.ts';

/** An X509-SVID of a response, read and verified; the key stays as it came. */
export interface FetchedSvid extends ShownSvid {
  /** PKCS#8. */
  readonly privateKeyDer: Uint8Array;
}

/**
 * Reads what FetchX509SVID answered and verifies each SVID against the bundle that came with it, as `api fetch x509` does
 * before it shows or writes anything. Other than there (cmd/spire-agent/cli/api/fetch_x509.go), the SPIFFE ID beside a
 * certificate has to be the certificate's own: what is shown is what was verified.
 *
 * @throws SpirekitError in SPIRE's words
 */
export function readX509Response(response: X509SVIDResponse, options: { readonly nowMs: number }): FetchedSvid[] {
  if (response.svids.length === 0) {
    throw new SpirekitError('invalid-x509-svid', 'workload response contains no svids');
  }
  const federatedBundles = new Map(
    Object.entries(response.federatedBundles).map(([id, der]) => [id, readFederatedBundle(id, der)] as const),
  );
  const svids = response.svids.map((svid, index) => {
    try {
      return readSvid(svid, federatedBundles);
    } catch (error) {
      throw prefixed(`failed to parse svid entry ${index} for spiffe id ${goQuote(svid.spiffeId)}`, error);
    }
  });
  for (const svid of svids) verify(svid, options.nowMs);
  return svids;
}

function readFederatedBundle(id: string, der: Uint8Array): Certificate[] {
  let bundle: Certificate[];
  try {
    bundle = Certificate.parseAll(der);
  } catch (error) {
    throw prefixed(`failed to parse bundle for federated domain ${goQuote(id)}`, error);
  }
  if (bundle.length > 0) return bundle;
  throw new SpirekitError('invalid-bundle', `no certificates in bundle for federated domain ${goQuote(id)}`);
}

function readSvid(svid: X509SVID, federatedBundles: ReadonlyMap<string, readonly Certificate[]>): FetchedSvid {
  const certificates = Certificate.parseAll(svid.x509Svid);
  if (certificates.length === 0) throw new SpirekitError('invalid-x509-svid', 'no certificates found');
  withWords('failed to parse private key', () => parsePkcs8(svid.x509SvidKey));
  const bundle = withWords('failed to parse trust bundle', () => Certificate.parseAll(svid.bundle));
  if (bundle.length === 0) throw new SpirekitError('invalid-bundle', 'no certificates in trust bundle');
  const { spiffeId, hint, x509SvidKey } = svid;
  return { spiffeId, hint, certificates, bundle, federatedBundles, privateKeyDer: x509SvidKey };
}

function verify(svid: FetchedSvid, nowMs: number): void {
  const named = SpiffeId.parse(svid.spiffeId);
  const { trustDomain } = named;
  const bundles = {
    getX509Bundle(wanted: TrustDomain): readonly Certificate[] {
      if (wanted.equals(trustDomain)) return svid.bundle;
      throw new SpirekitError('not-found', `no X.509 bundle for trust domain "${wanted}"`);
    },
  };
  withWords(`${goQuote(svid.spiffeId)} SVID failed verification against bundle`, () => {
    const { id } = verifyX509Svid(svid.certificates, bundles, { nowMs });
    if (!id.equals(named)) throw new SpirekitError('invalid-x509-svid', `its certificate is of ${goQuote(`${id}`)}`);
  });
}

function withWords<T>(words: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw prefixed(words, error);
  }
}

/** What `api watch` shows of an answer: bundles of other trust domains go by their name, and hints are left out. */
export function showX509Context(response: X509SVIDResponse): ShownSvid[] {
  const { svids, bundles } = parseX509Context(response);
  return svids.map((svid) => {
    const own = svid.id.trustDomain.name;
    const federatedBundles = new Map([...bundles].filter(([name]) => name !== own));
    return {
      spiffeId: svid.id.toString(),
      hint: '',
      certificates: svid.certificates,
      bundle: bundles.get(own) ?? [],
      federatedBundles,
    };
  });
}
