import { SpirekitError } from '../runtime/errors.ts';

/**
 * When a token says that it expires, in seconds since the Unix epoch. Nothing is verified: for tokens that came from
 * whoever signed them.
 *
 * @throws SpirekitError `invalid-jwt-svid` when there is no such claim
 */
export function tokenExpirySeconds(token: string): bigint {
  const claims = claimsOf(token);
  if (typeof claims === 'object' && claims !== null && 'exp' in claims && Number.isFinite(claims.exp)) {
    return BigInt(Math.trunc(Number(claims.exp)));
  }
  throw new SpirekitError('invalid-jwt-svid', 'no expiry claim');
}

function claimsOf(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  } catch (cause) {
    throw new SpirekitError('invalid-jwt-svid', 'the token is no JWT', { cause });
  }
}
