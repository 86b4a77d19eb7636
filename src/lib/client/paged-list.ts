/** A list that is printed while it comes. */
export interface Listing<T> {
  /** How many items there are, as of the first page; what changes while the rest comes may change it. */
  readonly count: number;
  /** To be walked once. */
  readonly pages: AsyncIterable<readonly T[]>;
}

/** One page of an answer. */
export interface ListPage<T> {
  readonly items: readonly T[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/** This page and those that follow. While one is at work, the next is on its way. */
export async function* followPages<T>(
  first: ListPage<T>,
  fetchPage: (pageToken: string) => Promise<ListPage<T>>,
): AsyncGenerator<readonly T[], void, undefined> {
  let page = first;
  for (;;) {
    const following = page.nextPageToken === '' ? undefined : fetchPage(page.nextPageToken);
    // Who walks on hears of it; who stops here does not mind.
    following?.catch(() => {});
    if (page.items.length > 0) yield page.items;
    if (following === undefined) return;
    page = await following;
  }
}

/** The items of a list that is there already. */
export async function* onePage<T>(items: readonly T[]): AsyncGenerator<readonly T[], void, undefined> {
  if (items.length > 0) yield items;
}
