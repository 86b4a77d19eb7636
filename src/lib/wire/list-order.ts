/**
 * An extension of `ListEntries` and `ListAgents`, in metadata, which other servers and clients pass over. A client that
 * prints a list while it comes needs it in the order in which it prints, and must know its length beforehand.
 *
 * With its first page a client sends {@link LIST_ORDER}: `spiffe-id`, or `creation`, the order in which servers list anyhow.
 * A server that knows the extension answers with {@link LIST_TOTAL} in the trailers: how many items there are just now. The
 * following pages are asked for with the same metadata; a page token belongs to its order. A server without it sends no
 * such trailer, and what it lists has no order to rely on.
 */
export const LIST_ORDER = 'spirekit-list-order';

/** See {@link LIST_ORDER}: a decimal number. */
export const LIST_TOTAL = 'spirekit-list-total';

/** The values of {@link LIST_ORDER}. `spiffe-id` is by the bytes of the SPIFFE ID, then by creation. */
export type ListOrder = 'creation' | 'spiffe-id';

/** Reads the metadata of a request; undefined without, or for an order that this version does not know. */
export function parseListOrder(values: readonly string[]): ListOrder | undefined {
  const [value] = values;
  return values.length === 1 && (value === 'creation' || value === 'spiffe-id') ? value : undefined;
}

/** Reads the trailer of an answer; undefined without, or if it is no count. */
export function parseListTotal(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}
