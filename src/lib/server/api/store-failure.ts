import { type ErrorCode, SpirekitError } from '../../runtime/errors.ts';

/** Codes that tell a caller something about the server as a whole, whatever it asked for. */
const ALWAYS_TOLD: readonly ErrorCode[] = ['unavailable', 'data-loss', 'canceled', 'deadline-exceeded'];

/**
 * What the caller of an RPC is told when a store failed: a sentence, SPIRE's, and the reason. Only the codes that the RPC
 * has an own answer for are passed on; any other failure is `internal`. For `not-found` the sentence says it all.
 *
 * @param error a bug, which is no {@link SpirekitError}, is thrown on
 */
export function storeFailure(sentence: string, error: unknown, told: readonly ErrorCode[] = []): SpirekitError {
  if (!(error instanceof SpirekitError)) throw error;
  const code = told.includes(error.code) || ALWAYS_TOLD.includes(error.code) ? error.code : 'internal';
  const description = code === 'not-found' ? sentence : `${sentence}: ${error.message}`;
  return new SpirekitError(code, description, { cause: error });
}

/** Awaits an answer of a store; see {@link storeFailure}. */
export async function fromStore<T>(sentence: string, answer: Promise<T>, told?: readonly ErrorCode[]): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw storeFailure(sentence, error, told);
  }
}
