import { RpcCode, RpcError } from '../../rpc/status.ts';
import { findPermissionDeniedReason } from '../../wire/convert/status.ts';
import { PermissionDeniedDetails_Reason } from '../../wire/gen/spire/api/types/status.ts';
import { findCause } from './find-cause.ts';

/**
 * What a refusal means for the agent: `reattest` when the server no longer (or not yet again) knows its SVID, `banned`
 * when it wants nothing more to do with this agent.
 */
export type Refusal = 'reattest' | 'banned';

/** The refusal behind an error; undefined if it is none, for example when the server merely cannot be reached. */
export function findRefusal(error: unknown): Refusal | undefined {
  return findCause(error, (cause) => (cause instanceof RpcError ? refusalOf(cause) : undefined));
}

function refusalOf({ status, statusDetails }: RpcError): Refusal | undefined {
  if (status !== RpcCode.permissionDenied || statusDetails === undefined) return undefined;
  switch (findPermissionDeniedReason(statusDetails)) {
    case PermissionDeniedDetails_Reason.AGENT_EXPIRED:
    case PermissionDeniedDetails_Reason.AGENT_NOT_ATTESTED:
    case PermissionDeniedDetails_Reason.AGENT_NOT_ACTIVE:
    case PermissionDeniedDetails_Reason.AGENT_MUST_REATTEST:
      return 'reattest';
    case PermissionDeniedDetails_Reason.AGENT_BANNED:
      return 'banned';
    case PermissionDeniedDetails_Reason.UNKNOWN:
    case undefined:
      return undefined;
  }
}
