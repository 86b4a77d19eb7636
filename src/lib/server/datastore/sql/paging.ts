import { SpirekitError } from '../../../runtime/errors.ts';
import { nextTurn } from '../../../runtime/next-turn.ts';
import type { Page, PageRequest } from '../pagination.ts';

/** Rows of one page at most, whatever the caller asks for: nothing is sized by a number from outside. */
const LARGEST_PAGE = 10_000;

/** Rows that are read at once, so that a long list does not keep other calls waiting. */
const PIECE = 250;

/** The limits of one query: rows after a place, at most `limit` of them. */
interface WindowAfter<Place> {
  readonly after: Place;
  readonly limit: number;
}

/** The limits of one query by row id. */
export interface Window {
  readonly afterId: number;
  readonly limit: number;
}

/** An order in which rows are listed: how a place in it is found, and written as a token. */
export interface RowOrder<Row, Place> {
  /** Before the first row. */
  readonly start: Place;
  /** Whether a page that is surely the last names no next one, other than SPIRE's. */
  readonly knowsItsEnd?: boolean;
  readonly placeOf: (row: Row) => Place;
  readonly format: (place: Place) => string;
  /** Undefined for a text that no page gave out. */
  readonly parse: (token: string) => Place | undefined;
}

/** A page in the order of creation; see {@link pagedBy}. */
export function readPaged<Row extends { readonly id: number }, T>(
  page: PageRequest | undefined,
  readWindow: (window: Window) => Promise<readonly Row[]>,
  convert: (row: Row) => T,
): Promise<Page<T>> {
  return pagedBy(BY_CREATION, page, ({ after, limit }) => readWindow({ afterId: after, limit }), convert);
}

/**
 * One page, or without a page request everything. As SPIRE does, any page with rows names a next one, which may turn out
 * empty; only an empty page is surely the last.
 *
 * Error: `invalid-argument` for a size under 1 or a token that no page gave out.
 */
export async function pagedBy<Row, Place, T>(
  order: RowOrder<Row, Place>,
  page: PageRequest | undefined,
  readWindow: (window: WindowAfter<Place>) => Promise<readonly Row[]>,
  convert: (row: Row) => T,
): Promise<Page<T>> {
  const limit = page === undefined ? Number.POSITIVE_INFINITY : sizeOf(page);
  const items: T[] = [];
  let after = page === undefined || page.token === '' ? order.start : parseToken(order, page.token);
  while (items.length < limit) {
    if (items.length > 0) await nextTurn();
    const wanted = Math.min(PIECE, limit - items.length);
    const rows = await readWindow({ after, limit: wanted });
    for (const row of rows) items.push(convert(row));
    const last = rows.at(-1);
    if (last !== undefined) after = order.placeOf(last);
    if (rows.length < wanted) {
      if (order.knowsItsEnd === true) return { items, nextToken: '' };
      break;
    }
  }
  return { items, nextToken: page === undefined || items.length === 0 ? '' : order.format(after) };
}

/** The token is the row id that the page before ended with, as in SPIRE. */
const BY_CREATION: RowOrder<{ readonly id: number }, number> = {
  start: 0,
  placeOf: ({ id }) => id,
  format: String,
  parse: parseRowId,
};

/** A row id in a token; undefined for what is none. */
export function parseRowId(text: string): number | undefined {
  const id = /^[0-9]{1,10}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
  return id < 2 ** 32 ? id : undefined;
}

function sizeOf(page: PageRequest): number {
  if (page.size < 1) throw new SpirekitError('invalid-argument', 'cannot paginate with pagesize = 0');
  return Math.min(page.size, LARGEST_PAGE);
}

function parseToken<Row, Place>(order: RowOrder<Row, Place>, token: string): Place {
  const place = order.parse(token);
  if (place !== undefined) return place;
  throw new SpirekitError('invalid-argument', `could not parse token '${token}'`);
}
