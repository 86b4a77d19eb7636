/** One page of a list. Without a page the whole list is returned. */
export interface PageRequest {
  /** Rows at most; the stores bound it further. */
  readonly size: number;
  /** Empty for the first page, then {@link Page.nextToken} of the one before. */
  readonly token: string;
}

/** Items in the order of their creation. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Empty on the last page. */
  readonly nextToken: string;
}
