import { JWS_ALGORITHMS, parseCompactJws } from '../../src/lib/crypto/jws.ts';
import { type JwtSvid, parseJwtSvidUnverified } from '../../src/lib/spiffe/jwt-svid.ts';
import { SpiffeError } from '../../src/lib/spiffe/spiffe-error.ts';
import { SpiffeId } from '../../src/lib/spiffe/spiffe-id.ts';

const AUDIENCE = 'reports';
const NOW_MS = Date.UTC(2026, 0, 1);

/** Any text is refused, or is a token for us, of an allowed algorithm, that has not expired and can be printed. */
export function target(bytes: Uint8Array): void {
  let svid: JwtSvid;
  try {
    svid = parseJwtSvidUnverified(Buffer.from(bytes).toString('utf8'), [AUDIENCE], { nowMs: NOW_MS });
  } catch (error) {
    if (error instanceof SpiffeError && error.code === 'invalid-jwt-svid') return;
    throw error;
  }
  if (!svid.audience.includes(AUDIENCE)) throw new Error('not for us');
  if (svid.expiry.getTime() + 60_000 < NOW_MS) throw new Error('expired');
  if (!SpiffeId.parse(String(svid.claims['sub'])).equals(svid.id)) throw new Error('another subject');
  if (!/^[\w-]+\.[\w-]*\.[\w-]*$/.test(svid.token)) throw new Error('token of another form');
  if (!JWS_ALGORITHMS.includes(parseCompactJws(svid.token).algorithm)) throw new Error('algorithm');
  JSON.stringify(svid.claims);
}
