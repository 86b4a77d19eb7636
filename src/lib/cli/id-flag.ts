import { SpirekitError } from '../runtime/errors.ts';
import { SpiffeId } from '../spiffe/spiffe-id.ts';
import { spiffeIdToWire } from '../wire/convert/spiffe-id.ts';
import type { SPIFFEID } from '../wire/gen/spire/api/types/spiffeid.ts';

/**
 * Reads a SPIFFE ID that was typed, for a request.
 *
 * @throws SpiffeError `invalid-spiffe-id`
 */
export function parseIdFlag(text: string): SPIFFEID {
  return spiffeIdToWire(SpiffeId.parse(text));
}

/**
 * As {@link parseIdFlag}, for a flag that cannot be left out.
 *
 * @throws SpirekitError `usage` when it was, else as {@link parseIdFlag}
 */
export function parseRequiredIdFlag(text: string): SPIFFEID {
  if (text === '') throw new SpirekitError('usage', 'a SPIFFE ID is required');
  return parseIdFlag(text);
}
