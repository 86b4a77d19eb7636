import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { RpcCode, RpcError } from '../../rpc/status.ts';
import { Any } from '../../wire/gen/google/protobuf/any.ts';
import { PermissionDeniedDetails, type PermissionDeniedDetails_Reason } from '../../wire/gen/spire/api/types/status.ts';

const DETAILS_TYPE = 'type.googleapis.com/spire.api.types.PermissionDeniedDetails';

/**
 * The refusal of a call. An agent reads the reason (a `spire.api.types.PermissionDeniedDetails` among the details of the
 * status) and acts on it: it attests anew, or shuts down.
 */
export function permissionDenied(description: string, reason?: PermissionDeniedDetails_Reason): RpcError {
  if (reason === undefined) return new RpcError(RpcCode.permissionDenied, description);
  const value = PermissionDeniedDetails.encode({ reason }).finish();
  return new RpcError(RpcCode.permissionDenied, description, {
    statusDetails: encodeStatus(description, { typeUrl: DETAILS_TYPE, value: Buffer.from(value) }),
  });
}

/** A `google.rpc.Status`: code (1), message (2), details (3). */
function encodeStatus(message: string, detail: Any): Uint8Array {
  const writer = new BinaryWriter();
  writer.uint32(8).int32(RpcCode.permissionDenied);
  writer.uint32(18).string(message);
  writer.uint32(26).bytes(Any.encode(detail).finish());
  return writer.finish();
}
