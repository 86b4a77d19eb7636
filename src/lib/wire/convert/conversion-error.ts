import { SpirekitError } from '../../runtime/errors.ts';

/** A message that breaks a rule; the sentence is SPIRE's where it has one. */
export function invalidMessage(sentence: string, cause?: unknown): SpirekitError {
  return new SpirekitError('invalid-argument', sentence, { cause });
}

/**
 * Runs one step of a conversion and says in its error where in the message it failed: `invalid parent ID: ...`.
 *
 * @throws SpirekitError `invalid-argument`, whatever the code of the inner error
 */
export function inField<T>(field: string, convert: () => T): T {
  try {
    return convert();
  } catch (error) {
    if (!(error instanceof SpirekitError)) throw error;
    throw invalidMessage(`${field}: ${error.message}`, error);
  }
}
