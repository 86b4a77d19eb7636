import type { Agent } from '../../wire/gen/spire/api/types/agent.ts';
import type { Entry } from '../../wire/gen/spire/api/types/entry.ts';
import { idName, selectorNames } from '../entry-fields.ts';
import { type Place, placeName } from '../source-file.ts';

/** An entry that is looked at. */
export interface LintedEntry {
  readonly entry: Entry;
  /** None for one that a server has. */
  readonly place?: Place | undefined;
}

/** What is known beside the entries; each check does without what is not. */
export interface LintFacts {
  /** All agents of the server. */
  readonly agents: readonly Agent[] | undefined;
  /** Entries that the server has beside those that are looked at: they may lead to parents. */
  readonly others: readonly Entry[];
  /** The longest life of a CA of the server, in seconds. */
  readonly caLifeSeconds: number | undefined;
  /** Seconds since the Unix epoch. */
  readonly nowSeconds: number;
}

/** An entry with what checks look at again and again. */
export interface EntryView extends LintedEntry {
  /** What findings call it. */
  readonly subject: string;
  readonly spiffeId: string;
  readonly parentId: string;
  /** In order. */
  readonly selectors: readonly string[];
}

/** The parent of entries for nodes. */
const SERVER_PATH = '/spire/server';

export function viewOf({ entry, place }: LintedEntry): EntryView {
  const spiffeId = idName(entry.spiffeId);
  const name = entry.id === '' ? spiffeId : `${spiffeId} (entry ${entry.id})`;
  return {
    entry,
    place,
    subject: place === undefined ? name : `${placeName(place)}: ${name}`,
    spiffeId,
    parentId: idName(entry.parentId),
    selectors: selectorNames(entry),
  };
}

/** Whether it gives nodes an alias. */
export function isNodeAlias({ entry }: LintedEntry): boolean {
  return entry.parentId?.path === SERVER_PATH;
}
