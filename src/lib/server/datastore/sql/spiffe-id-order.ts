import { parseRowId, type RowOrder } from './paging.ts';

/** A place in a list by SPIFFE ID: of rows that share one, the older comes first. */
export interface SpiffeIdPlace {
  readonly spiffeId: string;
  readonly rowId: number;
}

/** The order by the bytes of the SPIFFE ID, which is that of the column, then by creation. A token is `<row id>:<SPIFFE ID>`. */
export const BY_SPIFFE_ID: RowOrder<{ readonly id: number; readonly spiffe_id: string }, SpiffeIdPlace> = {
  start: { spiffeId: '', rowId: 0 },
  knowsItsEnd: true,
  placeOf: ({ id, spiffe_id }) => ({ spiffeId: spiffe_id, rowId: id }),
  format: ({ spiffeId, rowId }) => `${rowId}:${spiffeId}`,
  parse: parseSpiffeIdPlace,
};

/** The place in a token of {@link BY_SPIFFE_ID}; undefined for any other text. */
export function parseSpiffeIdPlace(token: string): SpiffeIdPlace | undefined {
  const [, id = '', spiffeId = ''] = /^(\d+):(spiffe:\/\/.+)$/s.exec(token) ?? [];
  const rowId = parseRowId(id);
  return rowId === undefined ? undefined : { spiffeId, rowId };
}
