import { Certificate } from '../../crypto/certificate.ts';
import type { CallContext } from '../../rpc/call-context.ts';
import { RpcCode, RpcError } from '../../rpc/status.ts';
import type { RegistrationEntry } from '../../spiffe/registration-entry.ts';
import { SpiffeId } from '../../spiffe/spiffe-id.ts';
import type { CallerRole } from './rpc-policy.ts';

/** Who calls, as the transport proved it. */
export type Caller =
  | { readonly kind: 'local' }
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'svid'; readonly id: SpiffeId; readonly certificate: Certificate };

/** Who calls and as what it was let in. */
export interface AuthorizedCaller {
  readonly caller: Caller;
  readonly role: CallerRole;
  /** The downstream entries of a caller that was let in as `downstream`; otherwise empty. */
  readonly downstreamEntries: readonly RegistrationEntry[];
}

const AUTHORIZED_CALLER = Symbol('authorized caller');

/**
 * Works out the caller of a call. The chain of a TLS caller was verified in the handshake; here its leaf gives the ID.
 * Error: `Unauthenticated` for a leaf without exactly one well-formed SPIFFE ID.
 */
export function identifyCaller(call: Pick<CallContext, 'peer'>): Caller {
  const { peer } = call;
  if (peer.kind === 'unix') return { kind: 'local' };
  const [leaf] = peer.certificates;
  if (leaf === undefined) return { kind: 'anonymous' };
  const certificate = Certificate.parse(leaf);
  const [uri, ...others] = certificate.uris;
  if (uri === undefined) throw unauthenticated('client certificate has no URI SAN');
  if (others.length > 0) throw unauthenticated('client certificate has more than one URI SAN');
  try {
    return { kind: 'svid', id: SpiffeId.parse(uri), certificate };
  } catch (cause) {
    throw unauthenticated(
      `client certificate has a malformed URI SAN: ${cause instanceof Error ? cause.message : ''}`,
      cause,
    );
  }
}

/** Leaves the caller with the call, for its handler. */
export function setAuthorizedCaller(call: CallContext, caller: AuthorizedCaller): void {
  call.values.set(AUTHORIZED_CALLER, caller);
}

/** The caller that authorization let in. Error: `Internal` where no authorization ran before the handler. */
export function getAuthorizedCaller(call: CallContext): AuthorizedCaller {
  const caller = call.values.get(AUTHORIZED_CALLER);
  if (caller === undefined) throw new RpcError(RpcCode.internal, 'caller missing from request context');
  // Only setAuthorizedCaller has the key.
  return caller as AuthorizedCaller;
}

/** The SPIFFE ID of the caller. Error: `Internal` for a caller without one, whom the policy should not have let in. */
export function getCallerId(call: CallContext): SpiffeId {
  const { caller } = getAuthorizedCaller(call);
  if (caller.kind !== 'svid') throw new RpcError(RpcCode.internal, 'caller ID missing from request context');
  return caller.id;
}

function unauthenticated(description: string, cause?: unknown): RpcError {
  return new RpcError(RpcCode.unauthenticated, description, { cause });
}
