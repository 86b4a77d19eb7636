import { RpcCode, RpcError } from '../../rpc/status.ts';
import { permissionDeniedDetails } from '../../wire/convert/status.ts';
import type { PermissionDeniedDetails_Reason } from '../../wire/gen/spire/api/types/status.ts';

/** The refusal of a call. An agent acts on the reason: it attests anew, or shuts down. */
export function permissionDenied(description: string, reason?: PermissionDeniedDetails_Reason): RpcError {
  const statusDetails = reason === undefined ? undefined : permissionDeniedDetails(description, reason);
  return new RpcError(RpcCode.permissionDenied, description, { statusDetails });
}
