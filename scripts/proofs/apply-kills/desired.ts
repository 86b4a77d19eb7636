/** An entry as SPIRE's `-data` files have it. */
export interface FileEntry {
  readonly entry_id?: string;
  readonly spiffe_id: string;
  readonly parent_id: string;
  readonly selectors: readonly { readonly type: string; readonly value: string }[];
  readonly hint?: string;
  readonly dns_names?: readonly string[];
  readonly x509_svid_ttl?: number;
}

export const OWNER = 'team-a.';

/** What a server has at first, and what files want of it. */
export interface Trial {
  /** Entries of the owner: some stay as they are, some are changed, some go. */
  readonly held: readonly FileEntry[];
  /** Entries of others, which nothing may touch. */
  readonly foreign: readonly FileEntry[];
  readonly wanted: readonly FileEntry[];
  /** How many of each the run has to do. */
  readonly work: { readonly added: number; readonly changed: number; readonly removed: number };
}

/** Half of the work adds, a quarter changes, a quarter removes; a tenth as many entries stay as they are. */
export function makeTrial(count: number): Trial {
  const [changed, removed] = [Math.floor(count / 4), Math.floor(count / 4)];
  const added = count - changed - removed;
  const same = Math.floor(count / 10);
  const changing = range(changed).map((index) => entry('changed', index));
  const staying = range(same).map((index) => entry('same', index));
  return {
    held: [...changing, ...staying, ...range(removed).map((index) => entry('removed', index))],
    foreign: range(50).map((index) => ({ ...entry('foreign', index), entry_id: `other.${index}` })),
    wanted: [
      ...range(added).map((index) => entry('added', index)),
      ...changing.map((each, index) => ({ ...each, ...change(index) })),
      ...staying,
    ],
    work: { added, changed, removed },
  };
}

function entry(series: string, index: number): FileEntry {
  return {
    spiffe_id: `spiffe://example.org/${series}/${index}`,
    parent_id: 'spiffe://example.org/host',
    selectors: [
      { type: 'unix', value: `uid:${index}` },
      { type: 'unix', value: `path:/usr/bin/${series}-${index}` },
    ],
  };
}

/** Several kinds, so that updates have several masks. */
function change(index: number): Partial<FileEntry> {
  switch (index % 3) {
    case 0:
      return { hint: `h${index}` };
    case 1:
      return { x509_svid_ttl: 600, dns_names: ['b.example.org', 'a.example.org'] };
    default:
      return { hint: 'new', x509_svid_ttl: 60 };
  }
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
