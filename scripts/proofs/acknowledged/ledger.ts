/** What became of an agent that was attested. */
export type AgentState = 'attested' | 'banned' | 'evicted';

/** A join token that may be used once more. */
export interface UnusedToken {
  readonly value: string;
  /** It was tried, and the answer got lost: it may be used or not. */
  readonly isDoubtful: boolean;
}

/** Hears of the calls behind a ledger. */
export interface LedgerWatcher {
  begins(): void;
  acknowledged(way: 'socket' | 'tls', text: string): void;
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
  /** Told of calls as they begin and end, by whoever needs to know when. */
  watcher: LedgerWatcher | undefined;
  /** What contradicts it. */
  readonly problems: string[] = [];

  readonly #say: (line: string) => void;

  /** @param say hears of contradictions as they are found */
  constructor(say: (line: string) => void = () => {}) {
    this.#say = say;
  }

  /** Takes an element from a list, whichever. */
  static take<T>(list: T[], random: (below: number) => number): T | undefined {
    return list.splice(random(Math.max(1, list.length)), 1)[0];
  }

  /** To be called when everything that the coming call makes uncertain has been taken out. */
  begin(): void {
    this.watcher?.begins();
  }

  /** To be called when everything that the answer makes certain has been put in; `text` stands in the answer. */
  acknowledge(way: 'socket' | 'tls', text = ''): void {
    this.changes += 1;
    this.watcher?.acknowledged(way, text);
  }

  /** What is certain now, apart from what follows. */
  snapshot(): Ledger {
    const copy = new Ledger();
    for (const [id, path] of this.entries) copy.entries.set(id, path);
    for (const id of this.deletedEntries) copy.deletedEntries.add(id);
    for (const [path, state] of this.agents) copy.agents.set(path, state);
    for (const root of this.roots) copy.roots.add(root);
    copy.unusedTokens.push(...this.unusedTokens);
    copy.usedTokens.push(...this.usedTokens);
    copy.preparedAuthority = this.preparedAuthority;
    copy.activeAuthority = this.activeAuthority;
    return copy;
  }

  complain(problem: string): void {
    this.problems.push(problem);
    this.#say(`FAILED: ${problem}`);
  }
}
