import { type CertificateRequest, parseCsr } from '../../../../crypto/csr.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';

/** Reads a CSR of a caller and checks its signature and key. Throws `invalid-argument` with a sentence for the caller. */
export function parseCallerCsr(der: Uint8Array): CertificateRequest {
  try {
    return parseCsr(der);
  } catch (cause) {
    const { message } = SpirekitError.from(cause);
    throw new SpirekitError(
      'invalid-argument',
      message.startsWith('malformed CSR') ? message : `invalid CSR: ${message}`,
      {
        cause,
      },
    );
  }
}
