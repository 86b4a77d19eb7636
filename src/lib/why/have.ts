import type { AgentSettings } from './facts.ts';
import type { Subject } from './subject.ts';

/** What a selector of an entry is compared with. */
export interface Have {
  readonly subject: Subject;
  /** Of the agent, where they are known. */
  readonly settings: AgentSettings | undefined;
  /** The texts of what the agent sees. */
  readonly texts: ReadonlySet<string>;
  /** Show values that may be secret. */
  readonly showAll: boolean;
}
