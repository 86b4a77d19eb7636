import { EXIT_CODES, type ExitCode } from './exit-codes.ts';

/**
 * What a code means at each edge of the program: the one table that maps an error to its number (`SPK-1003`, which stays
 * with it for good), a gRPC status, an HTTP status and an exit code of the umbrella program (the drop-ins exit 1 on every
 * failure, as SPIRE's do).
 */
export const ERROR_CODES = {
  canceled: { number: 1001, grpc: 1, http: 499, exit: EXIT_CODES.other },
  unknown: { number: 1002, grpc: 2, http: 500, exit: EXIT_CODES.other },
  'invalid-argument': { number: 1003, grpc: 3, http: 400, exit: EXIT_CODES.usage },
  usage: { number: 1004, grpc: 3, http: 400, exit: EXIT_CODES.usage },
  'invalid-spiffe-id': { number: 1005, grpc: 3, http: 400, exit: EXIT_CODES.usage },
  'invalid-trust-domain': { number: 1006, grpc: 3, http: 400, exit: EXIT_CODES.usage },
  'invalid-selector': { number: 1007, grpc: 3, http: 400, exit: EXIT_CODES.usage },
  'invalid-encoding': { number: 1008, grpc: 3, http: 400, exit: EXIT_CODES.invalid },
  'invalid-key': { number: 1009, grpc: 3, http: 400, exit: EXIT_CODES.invalid },
  'invalid-certificate': { number: 1010, grpc: 3, http: 400, exit: EXIT_CODES.invalid },
  'invalid-csr': { number: 1011, grpc: 3, http: 400, exit: EXIT_CODES.invalid },
  'invalid-x509-svid': { number: 1012, grpc: 3, http: 400, exit: EXIT_CODES.invalid },
  'invalid-jwt-svid': { number: 1013, grpc: 3, http: 400, exit: EXIT_CODES.invalid },
  'invalid-bundle': { number: 1014, grpc: 3, http: 400, exit: EXIT_CODES.invalid },
  'invalid-config': { number: 1015, grpc: 3, http: 400, exit: EXIT_CODES.usage },
  'deadline-exceeded': { number: 1016, grpc: 4, http: 504, exit: EXIT_CODES.timeout },
  'not-found': { number: 1017, grpc: 5, http: 404, exit: EXIT_CODES.notFound },
  'already-exists': { number: 1018, grpc: 6, http: 409, exit: EXIT_CODES.exists },
  'permission-denied': { number: 1019, grpc: 7, http: 403, exit: EXIT_CODES.permission },
  'no-identity': { number: 1020, grpc: 7, http: 403, exit: EXIT_CODES.noIdentity },
  'resource-exhausted': { number: 1021, grpc: 8, http: 429, exit: EXIT_CODES.other },
  'failed-precondition': { number: 1022, grpc: 9, http: 412, exit: EXIT_CODES.other },
  aborted: { number: 1023, grpc: 10, http: 409, exit: EXIT_CODES.other },
  'out-of-range': { number: 1024, grpc: 11, http: 400, exit: EXIT_CODES.usage },
  unimplemented: { number: 1025, grpc: 12, http: 501, exit: EXIT_CODES.other },
  internal: { number: 1026, grpc: 13, http: 500, exit: EXIT_CODES.other },
  'partial-failure': { number: 1027, grpc: 13, http: 500, exit: EXIT_CODES.partlyDone },
  'io-error': { number: 1028, grpc: 13, http: 500, exit: EXIT_CODES.other },
  unavailable: { number: 1029, grpc: 14, http: 503, exit: EXIT_CODES.unreachable },
  'data-loss': { number: 1030, grpc: 15, http: 500, exit: EXIT_CODES.other },
  unauthenticated: { number: 1031, grpc: 16, http: 401, exit: EXIT_CODES.permission },
} as const satisfies Record<string, { number: number; grpc: number; http: number; exit: ExitCode }>;

/** The closed set of codes that an error of this package carries. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** An error's number as people see it and `spirekit help` explains it. */
export function spkCode(code: ErrorCode): `SPK-${number}` {
  return `SPK-${ERROR_CODES[code].number}`;
}

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
