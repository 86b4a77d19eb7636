import { RpcCode, RpcError } from '../../rpc/status.ts';
import { findPermissionDeniedReason } from '../../wire/convert/status.ts';
import { PermissionDeniedDetails_Reason } from '../../wire/gen/spire/api/types/status.ts';
import { findCause } from './find-cause.ts';

/**
 * Why the server refuses the agent: it is `banned`, so the server wants nothing more to do with it, or its SVID does not
 * count (any more), and it may attest again: the SVID is `expired` by the server's clock, the agent is `not-attested`
 * (evicted, for example), another agent uses a newer SVID of the same identity (`not-active`), or it `must-reattest`.
 */
export type Refusal = 'banned' | 'expired' | 'not-attested' | 'not-active' | 'must-reattest';

/** The refusal behind an error; undefined if it is none, for example when the server merely cannot be reached. */
export function findRefusal(error: unknown): Refusal | undefined {
  return findCause(error, (cause) => (cause instanceof RpcError ? refusalOf(cause) : undefined));
}

function refusalOf({ status, statusDetails }: RpcError): Refusal | undefined {
  if (status !== RpcCode.permissionDenied || statusDetails === undefined) return undefined;
  switch (findPermissionDeniedReason(statusDetails)) {
    case PermissionDeniedDetails_Reason.AGENT_EXPIRED:
      return 'expired';
    case PermissionDeniedDetails_Reason.AGENT_NOT_ATTESTED:
      return 'not-attested';
    case PermissionDeniedDetails_Reason.AGENT_NOT_ACTIVE:
      return 'not-active';
    case PermissionDeniedDetails_Reason.AGENT_MUST_REATTEST:
      return 'must-reattest';
    case PermissionDeniedDetails_Reason.AGENT_BANNED:
      return 'banned';
    case PermissionDeniedDetails_Reason.UNKNOWN:
    case undefined:
      return undefined;
  }
}
