import { Certificate } from '../crypto/certificate.ts';
import { SpirekitError } from '../runtime/errors.ts';
import { SpiffeId } from '../spiffe/spiffe-id.ts';
import { parseX509Svid, type X509Svid } from '../spiffe/x509-svid.ts';
import type { X509SVIDResponse } from '../wire/gen/workload.ts';

/** A workload's identities and the bundles it may verify peers with. */
export interface X509Context {
  /** In the server's order: the first is the default identity. */
  readonly svids: readonly X509Svid[];
  /** By the name of the trust domain. */
  readonly bundles: ReadonlyMap<string, readonly Certificate[]>;
}

/**
 * Reads an answer of FetchX509SVID. Of SVIDs that share a hint the first counts (SPIFFE Workload API, section 5.2.1).
 *
 * @throws SpirekitError `invalid-x509-svid`, `invalid-bundle` or what the parts are refused with
 */
export function parseX509Context(response: X509SVIDResponse): X509Context {
  if (response.svids.length === 0) throw new SpirekitError('invalid-x509-svid', 'no SVIDs in response');
  const hints = new Set<string>();
  const svids: X509Svid[] = [];
  const bundles = new Map<string, readonly Certificate[]>();
  for (const svid of response.svids) {
    bundles.set(SpiffeId.parse(svid.spiffeId).trustDomain.name, Certificate.parseAll(svid.bundle));
    if (svid.hint !== '' && hints.has(svid.hint)) continue;
    hints.add(svid.hint);
    svids.push(parseX509Svid(svid.x509Svid, svid.x509SvidKey, svid.hint));
  }
  for (const [trustDomainId, der] of Object.entries(response.federatedBundles)) {
    bundles.set(SpiffeId.parse(trustDomainId).trustDomain.name, Certificate.parseAll(der));
  }
  return { svids, bundles };
}
