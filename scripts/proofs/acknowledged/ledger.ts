/** What became of an agent that was attested. */
export type AgentState = 'attested' | 'banned' | 'evicted';

/** A join token that may be used once more. */
export interface UnusedToken {
  readonly value: string;
  /** It was tried, and the answer got lost: it may be used or not. */
  readonly isDoubtful: boolean;
}

/**
 * What a server has acknowledged, and must know for ever. What it was asked and had not answered yet may have happened
 * or not, and is in here only where that makes something else uncertain.
 */
export class Ledger {
  /** Path by entry id. */
  readonly entries = new Map<string, string>();
  readonly deletedEntries = new Set<string>();
  /** State by path. */
  readonly agents = new Map<string, AgentState>();
  readonly unusedTokens: UnusedToken[] = [];
  readonly usedTokens: string[] = [];
  /** Certificates in hex. */
  readonly roots = new Set<string>();
  /** Ids of X.509 authorities; undefined when an unanswered call may have changed it. */
  preparedAuthority: string | undefined;
  activeAuthority: string | undefined;
  /** How many changes were acknowledged. */
  changes = 0;
  /** What contradicts it. */
  readonly problems: string[] = [];

  /** Takes an element from a list, whichever. */
  static take<T>(list: T[], random: (below: number) => number): T | undefined {
    return list.splice(random(Math.max(1, list.length)), 1)[0];
  }

  complain(problem: string): void {
    this.problems.push(problem);
    console.log(`FAILED: ${problem}`);
  }
}
