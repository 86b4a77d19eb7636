/** One page of a list. Without a page the whole list is returned. */
export interface PageRequest {
  /** Rows at most; the stores bound it further. */
  readonly size: number;
  /** Empty for the first page, then {@link Page.nextToken} of the one before. */
  readonly token: string;
}

/** By creation, or by the bytes of the SPIFFE ID and then by creation. */
export type PageOrder = 'creation' | 'spiffe-id';

/** A page of a list that can be had in several orders; a token belongs to the order of the page that gave it out. */
export interface OrderedPageRequest extends PageRequest {
  /** Default `creation`. */
  readonly order?: PageOrder | undefined;
}

/** Items in the order of their creation, unless another one was asked for. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Empty on the last page. */
  readonly nextToken: string;
}
