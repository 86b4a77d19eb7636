import { SpirekitError } from '../../../../runtime/errors.ts';
import type { SpiffeId } from '../../../../spiffe/spiffe-id.ts';
import { jwtSvidToWire } from '../../../../wire/convert/svid.ts';
import type { JWTSVID } from '../../../../wire/gen/spire/api/types/jwtsvid.ts';
import type { ServerCa } from '../../../ca/server-ca.ts';

/** Signs a JWT-SVID as callers get it. Errors: `invalid-argument` without audience, `internal`. */
export async function signJwtSvidFor(
  ca: ServerCa,
  spiffeId: SpiffeId,
  audience: readonly string[],
  options: { readonly ttlSeconds: number; readonly includeJti?: boolean },
): Promise<JWTSVID> {
  if (audience.length === 0) throw new SpirekitError('invalid-argument', 'at least one audience is required');
  const signed = await ca.signWorkloadJwtSvid({ spiffeId, audience, ...options }).catch((cause: unknown) => {
    throw new SpirekitError('internal', `failed to sign JWT-SVID: ${SpirekitError.from(cause).message}`, { cause });
  });
  return jwtSvidToWire({ ...signed, id: spiffeId, hint: '' });
}
