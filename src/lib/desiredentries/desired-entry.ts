import type { Entry } from '../wire/gen/spire/api/types/entry.ts';
import type { Place } from './source-file.ts';

/** An entry that a file says a server should have. */
export interface DesiredEntry {
  /** With an ID only where the file gives one; revision and creation time are the server's to count. */
  readonly entry: Entry;
  readonly place: Place;
}

/** What files say a server should have. */
export interface DesiredState {
  readonly entries: readonly DesiredEntry[];
  /** IDs of entries that should not be there: only files that undo something say this. */
  readonly unwanted: readonly { readonly id: string; readonly place: Place }[];
  /** Controller classes that ClusterStaticEntry objects name; nothing is made of them. */
  readonly classNames: readonly string[];
}
