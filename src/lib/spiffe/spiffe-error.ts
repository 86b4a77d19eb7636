import { SpirekitError } from '../runtime/errors.ts';

/** The codes of errors that this folder throws. */
export type SpiffeErrorCode =
  | 'invalid-argument'
  | 'invalid-spiffe-id'
  | 'invalid-trust-domain'
  | 'invalid-selector'
  | 'invalid-x509-svid'
  | 'invalid-jwt-svid'
  | 'invalid-bundle'
  | 'not-found';

/** An identity, identity document or bundle that breaks a rule of the SPIFFE standards; the message names the rule. */
export class SpiffeError extends SpirekitError {
  override readonly name: string = 'SpiffeError';
  declare readonly code: SpiffeErrorCode;

  constructor(code: SpiffeErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options);
  }
}
