import { ERROR_CODES, SpirekitError } from '../../runtime/errors.ts';
import { Status as RpcStatus } from '../gen/google/rpc/status.ts';
import {
  PermissionDeniedDetails,
  type PermissionDeniedDetails_Reason,
  type Status,
} from '../gen/spire/api/types/status.ts';

/** What an item of a batch ended with, when it ended well. */
export const OK: Readonly<Status> = { code: 0, message: 'OK' };

/**
 * What an item of a batch ended with, by the table of codes. What this package did not word itself (errors of the system
 * and of unknown origin) becomes `Internal` without its text.
 */
export function statusToWire(error: unknown): Status {
  const isOurs = error instanceof SpirekitError && error.code !== 'io-error' && error.code !== 'unknown';
  if (!isOurs) return { code: ERROR_CODES.internal.grpc, message: 'internal error' };
  return { code: ERROR_CODES[error.code].grpc, message: error.message };
}

const DETAILS_TYPE = 'spire.api.types.PermissionDeniedDetails';
const PERMISSION_DENIED = ERROR_CODES['permission-denied'].grpc;

/** The trailer `grpc-status-details-bin` of a refusal: a `google.rpc.Status` that holds the reason. */
export function permissionDeniedDetails(message: string, reason: PermissionDeniedDetails_Reason): Uint8Array {
  const value = PermissionDeniedDetails.encode({ reason }).finish();
  return RpcStatus.encode({
    code: PERMISSION_DENIED,
    message,
    details: [{ typeUrl: `type.googleapis.com/${DETAILS_TYPE}`, value }],
  }).finish();
}

/**
 * The reason in the details of a refusal; undefined if there is none, and for details that cannot be read: the status
 * itself still counts.
 */
export function findPermissionDeniedReason(statusDetails: Uint8Array): PermissionDeniedDetails_Reason | undefined {
  try {
    for (const { typeUrl, value } of RpcStatus.decode(statusDetails).details) {
      if (typeUrl.slice(typeUrl.lastIndexOf('/') + 1) !== DETAILS_TYPE) continue;
      return PermissionDeniedDetails.decode(value).reason;
    }
  } catch {
    // Malformed.
  }
  return undefined;
}
