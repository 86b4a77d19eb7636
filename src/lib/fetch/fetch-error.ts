import { SpirekitError } from '../runtime/errors.ts';

/**
 * Why a document could not be fetched. The codes: `invalid-argument` for a URL that is not fetched at all,
 * `permission-denied` for an address that must not be fetched from, `unauthenticated` for a server that is not who it
 * should be, `resource-exhausted` for too much of something, `deadline-exceeded`, `unavailable` for everything else.
 */
export class FetchError extends SpirekitError {
  override readonly name = 'FetchError';
}
