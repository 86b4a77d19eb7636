import { type ErrorCode, SpirekitError } from '../../runtime/errors.ts';
import { parseReasons } from './vault-answer.ts';
import type { VaultAnswer } from './vault-transport.ts';

/** What Vault refuses, and why in its words. */
interface Refusal {
  readonly code: ErrorCode;
  readonly what: string;
  /** Vault names a reason for a path that leads nowhere, and none for a thing that is not there. */
  readonly hasReason: boolean;
}

/** The error for an answer that is a refusal: what, where, and what to do. */
export function refusal(address: string, path: string, answer: VaultAnswer): SpirekitError {
  const { code, what, hasReason } = describeRefusal(address, path, answer);
  if (code === 'permission-denied') {
    return new SpirekitError(
      code,
      `${what}; give the token of this server a policy that allows it, or a new token if it has ended`,
    );
  }
  if (code === 'not-found' && hasReason) {
    return new SpirekitError(
      'failed-precondition',
      `${what}; mount the secrets engine there, or name its path in the configuration`,
    );
  }
  return new SpirekitError(code, what);
}

/** The error for a refused login; what to do is told by `remedy`. */
export function loginRefusal(address: string, path: string, answer: VaultAnswer, remedy: string): SpirekitError {
  const { code, what } = describeRefusal(address, path, answer);
  if (code === 'unavailable') return new SpirekitError(code, what);
  return new SpirekitError('unauthenticated', `${what}; this server cannot log in: ${remedy}`);
}

/** The error for no answer. */
export function unreachable(address: string, cause: SpirekitError): SpirekitError {
  if (cause.code !== 'unavailable' && cause.code !== 'deadline-exceeded') return cause;
  return new SpirekitError('unavailable', `Vault at ${address} cannot be reached: ${cause.message}`, { cause });
}

function describeRefusal(address: string, path: string, { status, text }: VaultAnswer): Refusal {
  const reasons = parseReasons(text);
  const code = codeOf(status);
  if (status === 503 && /sealed/.test(reasons)) {
    return { code, what: `Vault at ${address} is sealed; unseal it`, hasReason: true };
  }
  if (code === 'not-found' && reasons === '') {
    return { code, what: `Vault at ${address} has no ${JSON.stringify(path)}`, hasReason: false };
  }
  const said = reasons === '' ? `HTTP status ${status}` : reasons;
  return { code, what: `Vault at ${address} refuses ${JSON.stringify(path)}: ${said}`, hasReason: reasons !== '' };
}

function codeOf(status: number): ErrorCode {
  switch (status) {
    case 400:
    case 405:
      return 'invalid-argument';
    case 401:
    case 403:
      return 'permission-denied';
    case 404:
      return 'not-found';
    default:
      return 'unavailable';
  }
}
