import { ERROR_CODES, type ErrorCode, SpirekitError } from '../runtime/errors.ts';

/** The gRPC status codes by number, in camel case. */
export const RpcCode = {
  ok: 0,
  canceled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;

/** A gRPC status code as a number. */
export type RpcCode = (typeof RpcCode)[keyof typeof RpcCode];

/** In the order of their numbers, spelled as Go spells them. */
const GO_NAMES = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
] as const;

/** The package's own code for each status, in the order of the numbers. Status 0 is no error, so it has none of its own. */
const ERROR_CODE_BY_STATUS: readonly ErrorCode[] = [
  'unknown',
  'canceled',
  'unknown',
  'invalid-argument',
  'deadline-exceeded',
  'not-found',
  'already-exists',
  'permission-denied',
  'resource-exhausted',
  'failed-precondition',
  'aborted',
  'out-of-range',
  'unimplemented',
  'internal',
  'unavailable',
  'data-loss',
  'unauthenticated',
];

/** The name Go prints for a status code (`InvalidArgument`); a number without a name becomes `Code(n)`, as in Go. */
export function rpcCodeName(status: number): string {
  return GO_NAMES[status] ?? `Code(${status})`;
}

/** The code of this package that stands for a gRPC status; unknown numbers become `unknown`. */
export function errorCodeOfStatus(status: number): ErrorCode {
  return ERROR_CODE_BY_STATUS[status] ?? 'unknown';
}

/** What a gRPC call ended with: the trailers `grpc-status`, `grpc-message` and `grpc-status-details-bin`. */
export interface RpcStatus {
  readonly status: number;
  readonly description: string;
  /** A serialized `google.rpc.Status`, if the peer sent one. */
  readonly statusDetails?: Uint8Array | undefined;
}

/**
 * A gRPC call that failed. `message` is the line Go's clients print (`rpc error: code = NotFound desc = ...`),
 * `description` only the part the server wrote. `code` is the package's own code for the status.
 */
export class RpcError extends SpirekitError implements RpcStatus {
  override readonly name: string = 'RpcError';
  /** The gRPC status code; never 0 in practice, numbers above 16 are kept as they came. */
  readonly status: number;
  /** The server's sentence, or ours when the call never reached a server. */
  readonly description: string;
  /** A serialized `google.rpc.Status`, if the server sent one. */
  readonly statusDetails: Uint8Array | undefined;

  constructor(
    status: number,
    description: string,
    options: { cause?: unknown; statusDetails?: Uint8Array | undefined } = {},
  ) {
    super(
      errorCodeOfStatus(status),
      `rpc error: code = ${rpcCodeName(status)} desc = ${description}`,
      'cause' in options ? { cause: options.cause } : undefined,
    );
    this.status = status;
    this.description = description;
    this.statusDetails = options.statusDetails;
  }
}

/** The status of a call that went well. */
export const OK_STATUS: RpcStatus = { status: RpcCode.ok, description: '' };

/**
 * The status that tells a caller what went wrong: an {@link RpcError} as it is, another {@link SpirekitError} by the
 * table of codes with its message, an abort as `Canceled`. Undefined for what the caller must not read: errors that
 * this package did not word itself, which includes those of the system (`io-error`) and of unknown origin (`unknown`).
 */
export function findPublicStatus(error: unknown): RpcStatus | undefined {
  if (error instanceof RpcError) return error;
  if (error instanceof SpirekitError) {
    if (error.code === 'io-error' || error.code === 'unknown') return undefined;
    return { status: ERROR_CODES[error.code].grpc, description: error.message };
  }
  if (!(error instanceof Error)) return undefined;
  if (error.name === 'AbortError') return { status: RpcCode.canceled, description: 'context canceled' };
  if (error.name === 'TimeoutError') {
    return { status: RpcCode.deadlineExceeded, description: 'context deadline exceeded' };
  }
  return undefined;
}

/** The status a server answers with for what its handler threw: {@link findPublicStatus}, or `Internal` without a reason. */
export function rpcStatusOf(error: unknown): RpcStatus {
  return findPublicStatus(error) ?? { status: RpcCode.internal, description: 'internal error' };
}
