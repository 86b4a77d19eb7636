/** How many connections there are and how long they live. */
export interface PoolLimits {
  /** Connections at most. */
  readonly mostOpen: number;
  /** Unused connections that are kept at most. */
  readonly mostIdle: number;
  /** A connection is not used again when it is older; undefined: it may be. */
  readonly longestLifeMs: number | undefined;
}
