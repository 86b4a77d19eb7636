import { SpirekitError } from '../../../runtime/errors.ts';
import { nextTurn } from '../../../runtime/next-turn.ts';
import type { Page, PageRequest } from '../pagination.ts';

/** Rows of one page at most, whatever the caller asks for: nothing is sized by a number from outside. */
const LARGEST_PAGE = 10_000;

/** The limits of one query: rows after `afterId`, at most `limit` of them. */
export interface Window {
  readonly afterId: number;
  readonly limit: number;
}

/** Rows that are read at once for a list without pages. */
const PIECE = 250;

/**
 * One page, or without a page request everything, read in pieces so that a long list does not keep other calls waiting.
 */
export async function readPaged<Row extends { readonly id: number }, T>(
  page: PageRequest | undefined,
  readWindow: (window: Window) => Promise<readonly Row[]>,
  convert: (row: Row) => T,
): Promise<Page<T>> {
  if (page !== undefined) return toPage(await readWindow(toWindow(page)), convert);
  const items: T[] = [];
  for (let afterId = 0; ; ) {
    const rows = await readWindow({ afterId, limit: PIECE });
    for (const row of rows) items.push(convert(row));
    const last = rows.at(-1);
    if (last === undefined || rows.length < PIECE) return { items, nextToken: '' };
    afterId = last.id;
    await nextTurn();
  }
}

/**
 * Reads a page request. Error: `invalid-argument` for a size under 1 or a token that no page gave out. The token is the row
 * id that the page before ended with, as in SPIRE.
 */
function toWindow(page: PageRequest): Window {
  if (page.size < 1) throw new SpirekitError('invalid-argument', 'cannot paginate with pagesize = 0');
  return { afterId: page.token === '' ? 0 : parseToken(page.token), limit: Math.min(page.size, LARGEST_PAGE) };
}

function parseToken(token: string): number {
  const id = /^[0-9]{1,10}$/.test(token) ? Number(token) : Number.POSITIVE_INFINITY;
  if (id >= 2 ** 32) {
    throw new SpirekitError('invalid-argument', `could not parse token '${token}'`);
  }
  return id;
}

/** As SPIRE does, any page with rows names a next one, which may turn out empty; only an empty page is surely the last. */
function toPage<Row extends { readonly id: number }, T>(rows: readonly Row[], convert: (row: Row) => T): Page<T> {
  return { items: rows.map(convert), nextToken: rows.at(-1)?.id.toString() ?? '' };
}
