import { SpirekitError } from '../runtime/errors.ts';

/** What the umbrella prints for a failure: what happened, its code, and what can be done about it if that is known. */
export function describeFailure(error: SpirekitError): string {
  return `Error: ${error.message} [${error.code}]\n`;
}

/** The same failure with words before its message, as SPIRE's commands put them: `error fetching entries: rpc error: ...`. */
export function prefixed(words: string, error: unknown): SpirekitError {
  const failure = SpirekitError.from(error);
  return new SpirekitError(failure.code, `${words}: ${failure.message}`, { cause: error });
}
