import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { RpcCode, RpcError } from '../../rpc/status.ts';
import { Any } from '../../wire/gen/google/protobuf/any.ts';
import { PermissionDeniedDetails, PermissionDeniedDetails_Reason } from '../../wire/gen/spire/api/types/status.ts';
import { findCause } from './call-failure.ts';

/**
 * What a refusal means for the agent: `reattest` when the server no longer (or not yet again) knows its SVID, `banned`
 * when it wants nothing more to do with this agent.
 */
export type Refusal = 'reattest' | 'banned';

const DETAILS_TYPE = 'spire.api.types.PermissionDeniedDetails';

/** The refusal behind an error; undefined if it is none, for example when the server merely cannot be reached. */
export function findRefusal(error: unknown): Refusal | undefined {
  return findCause(error, (cause) => (cause instanceof RpcError ? refusalOf(cause) : undefined));
}

function refusalOf({ status, statusDetails }: RpcError): Refusal | undefined {
  if (status !== RpcCode.permissionDenied || statusDetails === undefined) return undefined;
  switch (findReason(statusDetails)) {
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

/** Looks through the details of a `google.rpc.Status`: field 3, a list of `google.protobuf.Any`. */
function findReason(status: Uint8Array): PermissionDeniedDetails_Reason | undefined {
  try {
    const reader = new BinaryReader(status);
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      if (field !== 3 || type !== WireType.LengthDelimited) {
        reader.skip(type, field);
        continue;
      }
      const { typeUrl, value } = Any.decode(reader.bytes());
      if (typeUrl.slice(typeUrl.lastIndexOf('/') + 1) === DETAILS_TYPE)
        return PermissionDeniedDetails.decode(value).reason;
    }
  } catch {
    // Malformed details tell nothing; the status itself still counts.
  }
  return undefined;
}
