import { SpirekitError } from '../../../../runtime/errors.ts';
import { SpiffeId } from '../../../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../../../spiffe/trust-domain.ts';
import { inField } from '../../../../wire/convert/conversion-error.ts';
import { checkDnsName } from '../../../../wire/convert/dns-name.ts';
import { spiffeIdToWire, workloadIdFromWire } from '../../../../wire/convert/spiffe-id.ts';
import type { MintX509SVIDRequest, MintX509SVIDResponse } from '../../../../wire/gen/spire/api/server/svid/v1/svid.ts';
import type { ServerCa } from '../../../ca/server-ca.ts';
import { parseCallerCsr } from './parse-caller-csr.ts';
import { signX509SvidFor } from './sign-x509-svid.ts';

/**
 * An X509-SVID for any workload of the trust domain, at an operator's word. Of the CSR the key, the one URI, the DNS names
 * and the subject count; the rest is dropped. Error: `invalid-argument` in SPIRE's words.
 */
export async function mintX509Svid(
  { ca, trustDomain }: { readonly ca: ServerCa; readonly trustDomain: TrustDomain },
  request: MintX509SVIDRequest,
): Promise<MintX509SVIDResponse> {
  if (request.csr.length === 0) throw new SpirekitError('invalid-argument', 'missing CSR');
  const { uris, dnsNames, publicKeyDer: publicKey, subject } = parseCallerCsr(request.csr);
  const spiffeId = idOf(trustDomain, uris);
  for (const name of dnsNames) inField('CSR DNS name is invalid', () => checkDnsName(name));
  refuseOverlap(dnsNames);
  const svid = await signX509SvidFor(ca, { spiffeId, publicKey, dnsNames, subject, ttlSeconds: request.ttl });
  return { svid };
}

function idOf(trustDomain: TrustDomain, uris: readonly string[]): SpiffeId {
  const [uri, ...others] = uris;
  if (uri === undefined) throw new SpirekitError('invalid-argument', 'CSR URI SAN is required');
  if (others.length > 0) throw new SpirekitError('invalid-argument', 'only one URI SAN is expected');
  return inField('CSR URI SAN is invalid', () => workloadIdFromWire(trustDomain, spiffeIdToWire(SpiffeId.parse(uri))));
}

/** `*.example.org` beside `www.example.org` would say the same twice. */
function refuseOverlap(names: readonly string[]): void {
  const all = new Set(names);
  for (const name of names) {
    if (name.startsWith('*') || !all.has(name.replace(/^[^.]*/, '*'))) continue;
    throw new SpirekitError(
      'invalid-argument',
      'CSR DNS name contains a wildcard that covers another non-wildcard name: ' +
        `name ${JSON.stringify(name)} overlaps with an existing wildcard name in the list: wildcard overlap`,
    );
  }
}
