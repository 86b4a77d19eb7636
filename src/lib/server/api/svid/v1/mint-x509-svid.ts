import { SpirekitError } from '../../../../runtime/errors.ts';
import { SpiffeId } from '../../../../spiffe/spiffe-id.ts';
import type { TrustDomain } from '../../../../spiffe/trust-domain.ts';
import type { MintX509SVIDRequest, MintX509SVIDResponse } from '../../../../wire/gen/spire/api/server/svid/v1/svid.ts';
import type { ServerCa } from '../../../ca/server-ca.ts';
import { parseCallerCsr } from './parse-caller-csr.ts';
import { signX509SvidFor } from './sign-x509-svid.ts';
import { checkWorkloadId } from './workload-id.ts';

/**
 * An X509-SVID for any workload of the trust domain, at an operator's word. Of the CSR the key, the one URI, the DNS names
 * and the subject count; the rest is dropped. Error: `invalid-argument` in SPIRE's words.
 */
export async function mintX509Svid(
  { ca, trustDomain }: { readonly ca: ServerCa; readonly trustDomain: TrustDomain },
  request: MintX509SVIDRequest,
): Promise<MintX509SVIDResponse> {
  if (request.csr.length === 0) throw new SpirekitError('invalid-argument', 'missing CSR');
  const { uris, dnsNames, publicKey, subject } = parseCallerCsr(request.csr);
  const spiffeId = idOf(trustDomain, uris);
  const svid = await signX509SvidFor(ca, { spiffeId, publicKey, dnsNames, subject, ttlSeconds: request.ttl });
  return { svid };
}

function idOf(trustDomain: TrustDomain, uris: readonly string[]): SpiffeId {
  const [uri, ...others] = uris;
  if (uri === undefined) throw new SpirekitError('invalid-argument', 'CSR URI SAN is required');
  if (others.length > 0) throw new SpirekitError('invalid-argument', 'only one URI SAN is expected');
  try {
    const id = SpiffeId.parse(uri);
    checkWorkloadId(trustDomain, id);
    return id;
  } catch (cause) {
    throw new SpirekitError('invalid-argument', `CSR URI SAN is invalid: ${SpirekitError.from(cause).message}`, {
      cause,
    });
  }
}
