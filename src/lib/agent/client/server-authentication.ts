import { Certificate } from '../../crypto/certificate.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { serverId } from '../../spiffe/server-id.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';

/**
 * Throws `invalid-x509-svid` unless the leaf says that it is the trust domain's server. No proof of anything: it only
 * tells a wrong address from a right one when the operator chose to trust whoever answers.
 */
export function recognizeServer(chainDer: readonly Uint8Array[], trustDomain: TrustDomain): void {
  const expected = serverId(trustDomain).toString();
  const [leaf] = chainDer;
  const uris = leaf === undefined ? [] : Certificate.parse(leaf).uris;
  if (uris.length !== 1 || uris[0] !== expected) {
    throw new SpirekitError('invalid-x509-svid', `expected server SPIFFE ID "${expected}"; got [${uris.join(' ')}]`);
  }
}

/** Whether a call failed because the server's certificate leads to no authority that the agent knows. */
export function isUnknownAuthority(error: unknown): boolean {
  return SpirekitError.from(error).message.includes('certificate signed by unknown authority');
}
