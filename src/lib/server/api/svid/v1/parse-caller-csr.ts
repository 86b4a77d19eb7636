import { type CertificateRequest, parseCsr } from '../../../../crypto/csr.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';

/** Reads a CSR of a caller and checks its signature and key. Throws `invalid-argument` with a sentence for the caller. */
export function parseCallerCsr(der: Uint8Array): CertificateRequest {
  try {
    return parseCsr(der);
  } catch (error) {
    throw callerCsrError(error);
  }
}

/** `invalid-argument` in words for the caller whose CSR it is. */
export function callerCsrError(cause: unknown): SpirekitError {
  const { message } = SpirekitError.from(cause);
  const sentence = message.startsWith('malformed CSR') ? message : `invalid CSR: ${message}`;
  return new SpirekitError('invalid-argument', sentence, { cause });
}
