import { formatSelector, type Selector } from '../spiffe/selector.ts';
import type { AgentSettings } from './facts.ts';
import type { Subject } from './subject.ts';

/** What a selector of an entry is compared with. */
export interface Have {
  readonly subject: Subject;
  /** Of the agent, where they are known. */
  readonly settings: AgentSettings | undefined;
  /** The texts of what the agent sees. */
  readonly texts: ReadonlySet<string>;
  /** What an agent may see, by its text as {@link normalise} leaves it; made once, as entries are many. */
  readonly byNormalText: ReadonlyMap<string, Selector>;
  /** Show values that may be secret. */
  readonly showAll: boolean;
}

/** @param seen what the agent sees of the subject */
export function makeHave(
  subject: Subject,
  settings: AgentSettings | undefined,
  { seen, showAll }: { readonly seen: readonly Selector[]; readonly showAll: boolean },
): Have {
  const all = [...subject.selectors, ...subject.programSelectors];
  return {
    subject,
    settings,
    texts: new Set(seen.map(formatSelector)),
    byNormalText: new Map(all.toReversed().map((selector) => [normalise(formatSelector(selector)), selector])),
    showAll,
  };
}

/** Without what people do not see: case and white space; numbers without leading zeros. */
export function normalise(text: string): string {
  return text
    .toLowerCase()
    .replace(/\s+/g, '')
    .replace(/:0+(?=\d+$)/, ':');
}
