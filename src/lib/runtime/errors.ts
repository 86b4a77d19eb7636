/**
 * What a code means at each edge of the program: the one table that maps an error to a gRPC status, an HTTP status and
 * an exit code of the umbrella program (the drop-ins exit 1 on every failure, as SPIRE's do).
 */
export const ERROR_CODES = {
  canceled: { grpc: 1, http: 499, exit: 1 },
  unknown: { grpc: 2, http: 500, exit: 1 },
  'invalid-argument': { grpc: 3, http: 400, exit: 2 },
  usage: { grpc: 3, http: 400, exit: 2 },
  'invalid-spiffe-id': { grpc: 3, http: 400, exit: 2 },
  'invalid-trust-domain': { grpc: 3, http: 400, exit: 2 },
  'invalid-selector': { grpc: 3, http: 400, exit: 2 },
  'invalid-encoding': { grpc: 3, http: 400, exit: 9 },
  'invalid-key': { grpc: 3, http: 400, exit: 9 },
  'invalid-certificate': { grpc: 3, http: 400, exit: 9 },
  'invalid-csr': { grpc: 3, http: 400, exit: 9 },
  'invalid-x509-svid': { grpc: 3, http: 400, exit: 9 },
  'invalid-jwt-svid': { grpc: 3, http: 400, exit: 9 },
  'invalid-bundle': { grpc: 3, http: 400, exit: 9 },
  'invalid-config': { grpc: 3, http: 400, exit: 2 },
  'deadline-exceeded': { grpc: 4, http: 504, exit: 124 },
  'not-found': { grpc: 5, http: 404, exit: 6 },
  'already-exists': { grpc: 6, http: 409, exit: 7 },
  'permission-denied': { grpc: 7, http: 403, exit: 5 },
  'no-identity': { grpc: 7, http: 403, exit: 4 },
  'resource-exhausted': { grpc: 8, http: 429, exit: 1 },
  'failed-precondition': { grpc: 9, http: 412, exit: 1 },
  aborted: { grpc: 10, http: 409, exit: 1 },
  'out-of-range': { grpc: 11, http: 400, exit: 2 },
  unimplemented: { grpc: 12, http: 501, exit: 1 },
  internal: { grpc: 13, http: 500, exit: 1 },
  'partial-failure': { grpc: 13, http: 500, exit: 8 },
  'io-error': { grpc: 13, http: 500, exit: 1 },
  unavailable: { grpc: 14, http: 503, exit: 3 },
  'data-loss': { grpc: 15, http: 500, exit: 1 },
  unauthenticated: { grpc: 16, http: 401, exit: 5 },
} as const satisfies Record<string, { grpc: number; http: number; exit: number }>;

/** The closed set of codes that an error of this package carries. */
export type ErrorCode = keyof typeof ERROR_CODES;

/**
 * The base of every error that this package throws. `message` is the sentence a caller may see; what must stay in the
 * log goes into `cause`.
 */
export class SpirekitError extends Error {
  override readonly name: string = 'SpirekitError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** Brings a foreign value into the closed set: aborts become `canceled` or `deadline-exceeded`, system errors `io-error`. */
  static from(value: unknown): SpirekitError {
    if (value instanceof SpirekitError) return value;
    if (!(value instanceof Error)) return new SpirekitError('unknown', String(value), { cause: value });
    if (value.name === 'TimeoutError') return new SpirekitError('deadline-exceeded', value.message, { cause: value });
    if (value.name === 'AbortError') return new SpirekitError('canceled', value.message, { cause: value });
    if ('syscall' in value && 'code' in value) return new SpirekitError('io-error', value.message, { cause: value });
    return new SpirekitError('unknown', value.message, { cause: value });
  }
}

/** The error with words in front of its message, such as what was being done when it happened; the code stays. */
export function prefixed(words: string, error: unknown): SpirekitError {
  const { code, message } = SpirekitError.from(error);
  return new SpirekitError(code, `${words}: ${message}`, { cause: error });
}
