import { Certificate } from '../crypto/certificate.ts';
import type { Clock } from '../runtime/clock.ts';
import { serverId } from './server-id.ts';
import { SpiffeError } from './spiffe-error.ts';
import type { TrustDomain } from './trust-domain.ts';
import { verifyX509Svid } from './x509-svid.ts';

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
  if (!id.equals(serverId(trustDomain))) throw new SpiffeError('invalid-x509-svid', `unexpected ID "${id}"`);
}
