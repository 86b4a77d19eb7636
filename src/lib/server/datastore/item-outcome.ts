import { SpirekitError } from '../../runtime/errors.ts';

/** What came of one item of a batch: it fails alone. */
export type ItemOutcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: SpirekitError };

/** The outcome of work on one item; a bug, which is no {@link SpirekitError}, is thrown on. */
export function outcomeOf<T>(work: () => T): ItemOutcome<T> {
  try {
    return { ok: true, value: work() };
  } catch (error) {
    if (!(error instanceof SpirekitError)) throw error;
    return { ok: false, error };
  }
}

/** The value of the only item of a batch. Throws its error. */
export function onlyValue<T>([outcome]: readonly ItemOutcome<T>[]): T {
  if (outcome === undefined) throw new SpirekitError('internal', 'a batch of one has no outcome');
  if (!outcome.ok) throw outcome.error;
  return outcome.value;
}
