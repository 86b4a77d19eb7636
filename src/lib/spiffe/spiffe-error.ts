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
  /** The text that was parsed, where the message does not quote it: for whoever shows the error to a person. */
  readonly value: string | undefined;

  constructor(code: SpiffeErrorCode, message: string, options?: ErrorOptions & { readonly value?: string }) {
    super(code, message, options);
    this.value = options?.value;
  }

  /** Parses a text; what is wrong with it is thrown with the text. */
  static about<T>(value: string, parse: (value: string) => T): T {
    try {
      return parse(value);
    } catch (cause) {
      if (!(cause instanceof SpiffeError) || cause.value !== undefined) throw cause;
      throw new SpiffeError(cause.code, cause.message, { cause, value });
    }
  }
}
