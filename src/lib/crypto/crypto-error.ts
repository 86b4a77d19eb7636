import { SpirekitError } from '../runtime/errors.ts';

/** The codes of errors that this folder throws. */
export type CryptoErrorCode = 'invalid-encoding' | 'invalid-key' | 'invalid-certificate' | 'invalid-csr';

/**
 * Bytes or keys that this package refuses. The message is safe to show: it names what is wrong and never contains key
 * material.
 */
export class CryptoError extends SpirekitError {
  override readonly name: string = 'CryptoError';
  declare readonly code: CryptoErrorCode;

  constructor(code: CryptoErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}
