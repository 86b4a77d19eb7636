/** A secret that lets one agent attest once. */
export interface JoinToken {
  readonly value: string;
  /** Seconds since the Unix epoch. */
  readonly expiresAtSeconds: number;
}

/** Join tokens; one that lets an agent in is used up by `NodeStore.saveNode`. */
export interface JoinTokenStore {
  /** Error: `already-exists`. */
  createJoinToken(token: JoinToken): Promise<void>;
  findJoinToken(value: string): Promise<JoinToken | undefined>;
  /** Removes and returns the token in one step: of callers at the same time exactly one gets it. */
  takeJoinToken(value: string): Promise<JoinToken | undefined>;
  /** Deletes what expired before the time in seconds; returns how many. */
  pruneJoinTokens(expiredBeforeSeconds: number): Promise<number>;
}
