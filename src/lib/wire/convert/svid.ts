import { Certificate } from '../../crypto/certificate.ts';
import type { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { JWTSVID } from '../gen/spire/api/types/jwtsvid.ts';
import type { X509SVID } from '../gen/spire/api/types/x509svid.ts';
import { secondsFromWire, secondsToWire } from './seconds.ts';
import { spiffeIdFromWire, spiffeIdToWire } from './spiffe-id.ts';

/** An X509-SVID as a server issued it: without the private key, which never leaves the agent. */
export interface IssuedX509Svid {
  readonly id: SpiffeId;
  /** Leaf first, without the root. */
  readonly certificates: readonly Certificate[];
  /** Seconds since the Unix epoch. */
  readonly expiresAtSeconds: number;
  readonly hint: string;
}

/** An issued X509-SVID as the svid and agent services send it. */
export function x509SvidToWire({
  id,
  certificates,
  expiresAtSeconds,
  hint,
}: Omit<IssuedX509Svid, 'certificates'> & {
  readonly certificates: readonly Pick<Certificate, 'der'>[];
}): X509SVID {
  return {
    certChain: certificates.map(({ der }) => der),
    id: spiffeIdToWire(id),
    expiresAt: secondsToWire(expiresAtSeconds),
    hint,
  };
}

/** @throws SpirekitError `invalid-argument`, `invalid-certificate`, `invalid-spiffe-id`, `invalid-trust-domain` */
export function x509SvidFromWire({ certChain, id, expiresAt, hint }: X509SVID): IssuedX509Svid {
  return {
    id: spiffeIdFromWire(id),
    certificates: certChain.map((der) => Certificate.parse(der)),
    expiresAtSeconds: secondsFromWire(expiresAt),
    hint,
  };
}

/** A JWT-SVID as a server issued it. The token is not looked into. */
export interface IssuedJwtSvid {
  readonly id: SpiffeId;
  readonly token: string;
  /** Seconds since the Unix epoch. */
  readonly expiresAtSeconds: number;
  /** Seconds since the Unix epoch. */
  readonly issuedAtSeconds: number;
  readonly hint: string;
}

/** An issued JWT-SVID as the svid service sends it. */
export function jwtSvidToWire(svid: IssuedJwtSvid): JWTSVID {
  return {
    token: svid.token,
    id: spiffeIdToWire(svid.id),
    expiresAt: secondsToWire(svid.expiresAtSeconds),
    issuedAt: secondsToWire(svid.issuedAtSeconds),
    hint: svid.hint,
  };
}

/** @throws SpirekitError `invalid-argument`, `invalid-spiffe-id`, `invalid-trust-domain` */
export function jwtSvidFromWire({ token, id, expiresAt, issuedAt, hint }: JWTSVID): IssuedJwtSvid {
  return {
    id: spiffeIdFromWire(id),
    token,
    expiresAtSeconds: secondsFromWire(expiresAt),
    issuedAtSeconds: secondsFromWire(issuedAt),
    hint,
  };
}
