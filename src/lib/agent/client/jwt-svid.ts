import type { RpcClient } from '../../rpc/client.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import { SVIDDefinition } from '../../wire/gen/spire/api/server/svid/v1/svid.ts';
import type { IssuedJwtSvid } from '../cache/jwt-svid-cache.ts';
import { failedCall } from './failed-call.ts';

/** Has the server sign a JWT-SVID. Rejects when it does not, or with something that cannot be one. */
export async function signJwtSvid(
  client: RpcClient,
  request: { readonly entryId: string; readonly audience: readonly string[] },
  options: { readonly signal: AbortSignal; readonly timeoutMs: number; readonly log: Logger },
): Promise<IssuedJwtSvid> {
  const { signal, timeoutMs, log } = options;
  const message = { entryId: request.entryId, audience: [...request.audience] };
  const { svid } = await client
    .unary(SVIDDefinition, 'newJWTSVID', message, { signal, timeoutMs })
    .catch((error: unknown) => {
      throw failedCall(error, { what: 'fetch JWT SVID', signal, log });
    });
  if (svid === undefined) throw new SpirekitError('internal', 'JWTSVID response missing SVID');
  if (svid.issuedAt === 0n) throw new SpirekitError('internal', 'JWTSVID missing issued at');
  if (svid.expiresAt === 0n) throw new SpirekitError('internal', 'JWTSVID missing expires at');
  if (svid.issuedAt > svid.expiresAt) throw new SpirekitError('internal', 'JWTSVID issued after it has expired');
  return {
    token: svid.token,
    keyId: findKeyId(svid.token),
    issuedAtMs: Number(svid.issuedAt) * 1000,
    expiresAtMs: Number(svid.expiresAt) * 1000,
  };
}

/** The `kid` of a token's header, for nothing but to find tokens of a tainted key again. */
function findKeyId(token: string): string | undefined {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString('utf8'));
    if (typeof header !== 'object' || header === null || !('kid' in header)) return undefined;
    return typeof header.kid === 'string' ? header.kid : undefined;
  } catch {
    return undefined;
  }
}
