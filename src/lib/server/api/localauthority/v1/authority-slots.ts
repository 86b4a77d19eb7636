import { SpirekitError } from '../../../../runtime/errors.ts';
import { secondsToWire } from '../../../../wire/convert/seconds.ts';
import type { AuthorityState } from '../../../../wire/gen/spire/api/server/localauthority/v1/localauthority.ts';
import type { Authority, AuthorityStatus } from '../../../ca/authority.ts';
import type { RotatingAuthority, SlotView } from '../../../ca/rotating-authority.ts';
import { storeFailure } from '../../store-failure.ts';

/** The authorities of one kind by the slot they stand in. */
export interface AuthorityStates {
  readonly active: AuthorityState;
  readonly prepared: AuthorityState | undefined;
  readonly old: AuthorityState | undefined;
}

/** What a caller may see of the slots. Error: `unavailable` before the first authority is active. */
export function statesOf({ current, next }: RotatingAuthority<Authority>): AuthorityStates {
  return {
    active: stateOf(getActive(current)),
    prepared: next.authority && next.status === 'prepared' ? stateOf(next.authority) : undefined,
    old: next.authority && next.status === 'old' ? stateOf(next.authority) : undefined,
  };
}

/** Prepares the next authority, `what` in words. Error: `unavailable` before the first authority is active. */
export async function prepareNext(what: string, authority: RotatingAuthority<Authority>): Promise<AuthorityState> {
  getActive(authority.current);
  try {
    return stateOf(await authority.prepare());
  } catch (error) {
    throw storeFailure(`failed to prepare ${what} authority`, error);
  }
}

/** Has the prepared authority take over. Errors: `invalid-argument` if another one is meant, `internal` if it is old. */
export async function activateNext(
  authority: RotatingAuthority<Authority>,
  authorityId: string,
): Promise<AuthorityState> {
  const { status } = getNext(authority, authorityId);
  if (status !== 'prepared') {
    throw new SpirekitError('internal', `only Prepared authorities can be activated: ${unsupported(status)}`);
  }
  return stateOf(await authority.rotate(authorityId));
}

/** The old authority, of which nothing new is signed. Error: `invalid-argument` if another one is meant. */
export function getOld<T extends Authority>(authority: RotatingAuthority<T>, authorityId: string): T {
  if (authorityId !== '' && authorityId === authority.current.authority?.authorityId) {
    throw new SpirekitError('invalid-argument', 'unable to taint current local authority');
  }
  const { status, authority: old } = getNext(authority, authorityId);
  if (status === 'old') return old;
  throw new SpirekitError('invalid-argument', `only Old local authorities can be tainted: ${unsupported(status)}`);
}

/** How the wire shows an authority. */
export function stateOf({ authorityId, notAfterSeconds, upstreamAuthorityId }: Authority): AuthorityState {
  return {
    authorityId,
    expiresAt: secondsToWire(notAfterSeconds),
    upstreamAuthoritySubjectKeyId: upstreamAuthorityId,
  };
}

/** An authority of which the caller gets to know no more than what it said itself. */
export function namedOnly(authorityId: string): AuthorityState {
  return { authorityId, expiresAt: 0n, upstreamAuthoritySubjectKeyId: '' };
}

function getActive({ status, authority }: SlotView<Authority>): Authority {
  if (status === 'active' && authority !== undefined) return authority;
  throw new SpirekitError('unavailable', 'server is initializing');
}

function getNext<T extends Authority>(
  { next: { status, authority } }: RotatingAuthority<T>,
  authorityId: string,
): { readonly status: AuthorityStatus | undefined; readonly authority: T } {
  if (authorityId === '') throw new SpirekitError('invalid-argument', 'no authority ID provided');
  if (authority?.authorityId === authorityId) return { status, authority };
  throw new SpirekitError('invalid-argument', 'unexpected authority ID');
}

function unsupported(status: AuthorityStatus | undefined): string {
  return `unsupported local authority status: ${status?.toUpperCase() ?? 'UNKNOWN'}`;
}
