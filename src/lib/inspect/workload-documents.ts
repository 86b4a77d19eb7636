import { createPublicKey } from 'node:crypto';
import { Certificate } from '../crypto/certificate.ts';
import { parsePkcs8, publicKeyDer } from '../crypto/key.ts';
import type { RpcTarget } from '../rpc/target.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { parseJwks } from '../spiffe/bundle.ts';
import { TrustDomain } from '../spiffe/spiffe-id.ts';
import type { JWTBundlesResponse, X509BundlesResponse, X509SVID, X509SVIDResponse } from '../wire/gen/workload.ts';
import { WorkloadApiClient } from '../workloadapi/client.ts';
import type { BundleDocument, Document, Purpose } from './document.ts';
import type { SourceContext } from './source-context.ts';

/**
 * What the Workload API gives this process: its X509-SVIDs, the bundles it may verify peers with, or both.
 *
 * @throws RpcError what it refuses with
 */
export async function workloadDocuments(
  target: RpcTarget,
  purpose: Purpose,
  { signal, timeoutMs }: Pick<SourceContext, 'signal' | 'timeoutMs'>,
): Promise<Document[]> {
  await using client = new WorkloadApiClient(target);
  const options = { signal, timeoutMs };
  const documents: Document[] = [];
  if (purpose !== 'bundle') documents.push(...svidsOf(await client.fetchX509Svid(options)));
  if (purpose !== 'svid') {
    // Side by side: either may be all that there is.
    const [x509, jwt] = await Promise.all([client.fetchX509Bundles(options), client.fetchJwtBundles(options)]);
    documents.push(...bundlesOf(x509, jwt));
  }
  return documents;
}

/** The SVIDs of an answer, each with whether its key is its own. */
export function svidsOf({ svids }: X509SVIDResponse): Document[] {
  return svids.map((svid) => {
    const name = `X509-SVID ${svid.spiffeId} of the Workload API`;
    try {
      const certificates = Certificate.parseAll(svid.x509Svid);
      if (certificates.length === 0) throw new SpirekitError('invalid-x509-svid', 'no certificates found');
      return { kind: 'chain', name, certificates, key: keyState(svid, certificates), hint: svid.hint };
    } catch (error) {
      if (!(error instanceof SpirekitError)) throw error;
      return { kind: 'unreadable', name, takenFor: 'x509', error };
    }
  });
}

/** The bundles of both answers, those of one trust domain together. */
export function bundlesOf(x509: X509BundlesResponse, jwt: JWTBundlesResponse): Document[] {
  const ids = [...new Set([...Object.keys(x509.bundles), ...Object.keys(jwt.bundles)])].sort();
  return ids.map((id): Document => {
    const name = `bundle ${id} of the Workload API`;
    try {
      return bundleOf(name, TrustDomain.parse(id), x509.bundles[id], jwt.bundles[id]);
    } catch (error) {
      if (!(error instanceof SpirekitError)) throw error;
      return { kind: 'unreadable', name, takenFor: 'bundle', error };
    }
  });
}

function bundleOf(
  name: string,
  trustDomain: TrustDomain,
  der: Uint8Array | undefined,
  jwks: Uint8Array | undefined,
): BundleDocument {
  const certificates = der === undefined ? [] : Certificate.parseAll(der);
  const keys = jwks === undefined ? [] : [...parseJwks(trustDomain, jwks).jwtAuthorities];
  return {
    kind: 'bundle',
    name,
    trustDomain,
    form: 'workload-api',
    x509Authorities: certificates.map((certificate) => ({ certificate, isTainted: false })),
    jwtAuthorities: keys.map(([keyId, key]) => ({ keyId, key, expiresAtMs: undefined, isTainted: false })),
    witAuthorities: [],
    sequenceNumber: undefined,
    refreshHint: undefined,
  };
}

function keyState(svid: X509SVID, [leaf]: readonly Certificate[]): 'matches' | 'differs' {
  try {
    const publicKey = publicKeyDer(createPublicKey(parsePkcs8(svid.x509SvidKey)));
    return leaf !== undefined && Buffer.compare(publicKey, leaf.publicKeyDer) === 0 ? 'matches' : 'differs';
  } catch (error) {
    if (!(error instanceof SpirekitError)) throw error;
    return 'differs';
  }
}
