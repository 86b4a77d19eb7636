import { Certificate } from '../../crypto/certificate.ts';
import type { Clock } from '../../runtime/clock.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { serverId } from '../../spiffe/server-id.ts';
import { SpiffeError } from '../../spiffe/spiffe-error.ts';
import type { TrustDomain } from '../../spiffe/trust-domain.ts';
import { verifyX509Svid } from '../../spiffe/x509-svid.ts';

/** What {@link authenticateServer} needs to know. */
export interface ServerAuthentication {
  readonly trustDomain: TrustDomain;
  /** The X.509 authorities of the trust domain. */
  readonly authorities: readonly Certificate[];
  readonly clock: Pick<Clock, 'nowMs'>;
}

/**
 * Throws `invalid-x509-svid` unless the chain (DER, leaf first) is the SVID of the trust domain's server and leads to
 * one of its authorities.
 */
export function authenticateServer(chainDer: readonly Uint8Array[], options: ServerAuthentication): void {
  const { trustDomain, authorities, clock } = options;
  const { id } = verifyX509Svid(
    chainDer.map((der) => Certificate.parse(der)),
    {
      getX509Bundle(wanted) {
        if (wanted.equals(trustDomain)) return authorities;
        throw new SpiffeError('not-found', `no X.509 bundle found for trust domain: "${wanted}"`);
      },
    },
    { nowMs: clock.nowMs() },
  );
  if (!id.equals(serverId(trustDomain))) {
    throw new SpirekitError('invalid-x509-svid', `unexpected ID "${id}"`);
  }
}

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
