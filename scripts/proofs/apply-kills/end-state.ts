import { entryKey, idName } from '../../../src/lib/desiredentries/entry-fields.ts';
import { listAllEntries } from '../../../src/lib/desiredentries/server-state.ts';
import { RpcClient } from '../../../src/lib/rpc/client.ts';
import type { Entry } from '../../../src/lib/wire/gen/spire/api/types/entry.ts';
import { type FileEntry, OWNER, type Trial } from './desired.ts';

/** All entries of a server. */
export async function readEntries(socketPath: string): Promise<Entry[]> {
  await using rpc = new RpcClient({ kind: 'unix', path: socketPath });
  return await listAllEntries(rpc, { filter: undefined, outputMask: undefined });
}

/** How much of the work is done, in words and as a share of 1. */
export function progressOf(
  entries: readonly Entry[],
  { held, work }: Trial,
): { readonly words: string; readonly share: number } {
  const count = (series: string, isDone: (entry: Entry) => boolean = () => true): number =>
    entries.filter((entry) => entry.spiffeId?.path.startsWith(`/${series}/`) === true && isDone(entry)).length;
  const added = count('added');
  const changed = count('changed', ({ revisionNumber }) => revisionNumber > 0n);
  const removed = held.filter(({ spiffe_id }) => spiffe_id.includes('/removed/')).length - count('removed');
  return {
    words: `${added} of ${work.added} added, ${changed} of ${work.changed} changed, ${removed} of ${work.removed} removed`,
    share: (added + changed + removed) / (work.added + work.changed + work.removed),
  };
}

/** What of the end state is not as it has to be; the entries of others as they were before. */
export function findProblems(
  entries: readonly Entry[],
  { wanted, foreign }: Trial,
  before: readonly Entry[],
): string[] {
  const problems: string[] = [];
  const byKey = new Map<string, Entry>();
  for (const entry of entries) {
    const key = entryKey(entry);
    if (byKey.has(key)) problems.push(`${idName(entry.spiffeId)} is there twice`);
    byKey.set(key, entry);
  }
  const known = new Set<string>();
  for (const each of wanted) {
    const key = keyOf(each);
    known.add(key);
    const entry = byKey.get(key);
    if (entry === undefined) problems.push(`${each.spiffe_id} is not there`);
    else if (!isAsWanted(entry, each)) problems.push(`${each.spiffe_id} is not as it is wanted`);
    else if (!entry.id.startsWith(OWNER)) problems.push(`${each.spiffe_id} has the ID ${entry.id}`);
    else if (each.spiffe_id.includes('/same/') && entry.revisionNumber !== 0n)
      problems.push(`${each.spiffe_id} was touched`);
  }
  const old = new Map(before.map((entry) => [entry.id, entry]));
  for (const each of foreign) {
    known.add(keyOf(each));
    const [entry, was] = [byKey.get(keyOf(each)), old.get(each.entry_id ?? '')];
    if (text(entry) !== text(was)) problems.push(`${each.spiffe_id} of another owner was touched`);
  }
  for (const [key, entry] of byKey) if (!known.has(key)) problems.push(`${idName(entry.spiffeId)} is still there`);
  return problems;
}

function keyOf({ spiffe_id, parent_id, selectors }: FileEntry): string {
  return JSON.stringify([spiffe_id, parent_id, selectors.map(({ type, value }) => `${type}:${value}`).sort()]);
}

function isAsWanted(entry: Entry, { hint = '', dns_names = [], x509_svid_ttl = 0 }: FileEntry): boolean {
  return entry.hint === hint && entry.dnsNames.join() === dns_names.join() && entry.x509SvidTtl === x509_svid_ttl;
}

function text(entry: Entry | undefined): string {
  return JSON.stringify(entry, (_, value) => (typeof value === 'bigint' ? String(value) : value));
}
