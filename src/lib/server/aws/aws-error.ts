import { type ErrorCode, SpirekitError } from '../../runtime/errors.ts';

/** Longest text of AWS that goes into a message. */
const LONGEST_REASON = 300;

/** The names of errors that mean the same for all services. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  AccessDenied: 'permission-denied',
  AccessDeniedException: 'permission-denied',
  AlreadyExistsException: 'already-exists',
  CredentialsProviderError: 'unauthenticated',
  DisabledException: 'failed-precondition',
  ExpiredToken: 'unauthenticated',
  ExpiredTokenException: 'unauthenticated',
  IncompleteSignature: 'unauthenticated',
  InvalidAccessKeyId: 'unauthenticated',
  InvalidArnException: 'invalid-argument',
  InvalidClientTokenId: 'unauthenticated',
  InvalidSignatureException: 'unauthenticated',
  KMSInvalidStateException: 'failed-precondition',
  LimitExceededException: 'resource-exhausted',
  MalformedPolicyDocumentException: 'invalid-argument',
  NoSuchBucket: 'not-found',
  NotFoundException: 'not-found',
  ResourceNotFoundException: 'not-found',
  SignatureDoesNotMatch: 'unauthenticated',
  ThrottlingException: 'resource-exhausted',
  TokenProviderError: 'unauthenticated',
  TooManyRequestsException: 'resource-exhausted',
  UnrecognizedClientException: 'unauthenticated',
  ValidationException: 'invalid-argument',
};

/** What can be done about an error of a kind. */
const REMEDIES: Partial<Record<ErrorCode, string>> = {
  'permission-denied': 'allow it in the IAM policy of this server',
  unauthenticated:
    'check the credentials of this server: the settings of the plugin, AWS_* variables, shared files or role',
};

/** These repeat what was signed, a session token included. */
const TELL_TOO_MUCH: ReadonlySet<string> = new Set([
  'IncompleteSignature',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
]);

/**
 * An error of the SDK as one of ours: which call of which service, why, and what to do about it.
 *
 * @param call such as `KMS Sign`
 */
export function fromAwsError(call: string, error: unknown): SpirekitError {
  if (error instanceof SpirekitError) return error;
  if (!(error instanceof Error)) return new SpirekitError('unknown', `AWS ${call} failed`, { cause: error });
  const code = Object.hasOwn(CODES, error.name) ? CODES[error.name] : undefined;
  const known = code ?? codeOfStatus(error);
  const remedy = REMEDIES[known];
  const message = `AWS ${call} failed: ${reasonOf(error)}${remedy === undefined ? '' : `; ${remedy}`}`;
  return new SpirekitError(known, message, TELL_TOO_MUCH.has(error.name) ? {} : { cause: error });
}

function reasonOf(error: Error): string {
  if (TELL_TOO_MUCH.has(error.name)) return error.name;
  // An aggregate of the addresses of one name has no message of its own.
  const message = error.message === '' && 'code' in error ? String(error.code) : error.message;
  const line = message
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, LONGEST_REASON);
  return error.name === 'Error' ? line : `${error.name}: ${line}`;
}

function codeOfStatus(error: Error): ErrorCode {
  const metadata: unknown = '$metadata' in error ? error.$metadata : undefined;
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata ? metadata.httpStatusCode : 0;
  if (status === 403) return 'permission-denied';
  if (status === 404) return 'not-found';
  if (typeof status === 'number' && status >= 400 && status < 500) return 'failed-precondition';
  return 'unavailable';
}
