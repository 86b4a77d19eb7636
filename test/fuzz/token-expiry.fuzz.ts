import { tokenExpirySeconds } from '../../src/lib/cli/token-expiry.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';

/** Any text is refused as a token, or has an expiry: the one that JSON.parse finds in its second part. */
export function target(bytes: Uint8Array): void {
  const token = Buffer.from(bytes).toString('utf8');
  let seconds: bigint;
  try {
    seconds = tokenExpirySeconds(token);
  } catch (error) {
    if (error instanceof SpirekitError && error.code === 'invalid-jwt-svid') return;
    throw error;
  }
  const claims: { exp: number } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  if (Number(seconds) !== Math.trunc(claims.exp)) throw new Error('another expiry');
}
