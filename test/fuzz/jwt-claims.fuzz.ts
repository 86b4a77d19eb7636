import { checkJwtClaims, type JwtClaims, parseJwtClaims } from '../../src/lib/spiffe/jwt-claims.ts';
import { SpiffeError } from '../../src/lib/spiffe/spiffe-error.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const LEEWAY_MS = 60_000;

/** Any payload is refused, or says whose token it is and until when; what passes the checks is for us and of today. */
export function target(bytes: Uint8Array): void {
  let claims: JwtClaims;
  try {
    claims = parseJwtClaims(bytes);
  } catch (error) {
    if (error instanceof SpiffeError && error.code === 'invalid-jwt-svid') return;
    throw error;
  }
  if (claims.id.toString() !== claims.all['sub']) throw new Error('another subject');
  if (!Number.isInteger(claims.expirySeconds)) throw new Error('no expiry');
  if (!claims.audience.every((entry) => typeof entry === 'string')) throw new Error('audience');
  try {
    checkJwtClaims(claims, ['reports', ''], NOW_MS);
  } catch (error) {
    if (error instanceof SpiffeError && error.code === 'invalid-jwt-svid') return;
    throw error;
  }
  if (!claims.audience.some((entry) => entry === 'reports' || entry === '')) throw new Error('not for us');
  if (claims.expirySeconds * 1000 + LEEWAY_MS < NOW_MS) throw new Error('expired');
  if ((claims.notBeforeSeconds ?? 0) * 1000 > NOW_MS + LEEWAY_MS) throw new Error('not yet valid');
}
