import { RpcCode, RpcError } from '../../../../rpc/status.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import type { RegistrationEntry } from '../../../../spiffe/registration-entry.ts';
import { entryToWire } from '../../../../wire/convert/entry.ts';
import { secondsToWire } from '../../../../wire/convert/seconds.ts';
import type {
  EntryRevision,
  SyncAuthorizedEntriesRequest,
  SyncAuthorizedEntriesResponse,
} from '../../../../wire/gen/spire/api/server/entry/v1/entry.ts';
import type { EntryMask } from '../../../../wire/gen/spire/api/types/entry.ts';
import { countFitting } from './entry-size.ts';

/**
 * The conversation in which an agent catches up. What fits into one page is sent whole and ends it; otherwise the agent
 * first gets the revisions of all its entries, page by page, and then asks for those that it does not have, as often as it
 * likes. `more` marks every message of an answer but the last.
 *
 * Error: `invalid-argument` for a first request that names ids or masks the revision number.
 */
export async function* syncAuthorizedEntries(
  requests: AsyncIterable<SyncAuthorizedEntriesRequest>,
  entries: readonly RegistrationEntry[],
  pageSize: number,
): AsyncGenerator<SyncAuthorizedEntriesResponse> {
  let mask: EntryMask | undefined;
  let byId: ReadonlyMap<string, RegistrationEntry> | undefined;
  for await (const { ids, outputMask } of requests) {
    if (byId === undefined) {
      checkFirstRequest(ids, outputMask);
      // That of later requests is not looked at.
      mask = outputMask;
      if (entries.length <= pageSize && countFitting(entries) === entries.length) {
        yield message({ entries: entries.map((entry) => entryToWire(entry, mask)) });
        return;
      }
      yield* revisionPages(entries, pageSize);
      byId = new Map(entries.map((entry) => [entry.id, entry]));
      continue;
    }
    yield* entryPages(selectSorted(byId, ids), pageSize, mask);
  }
  // As Go's servers answer a caller that asks nothing.
  if (byId === undefined) throw new RpcError(RpcCode.unknown, 'EOF');
}

function checkFirstRequest(ids: readonly string[], mask: EntryMask | undefined): void {
  if (ids.length > 0) {
    throw new SpirekitError('invalid-argument', 'specifying IDs on initial request is not supported');
  }
  if (mask?.revisionNumber === false) {
    throw new SpirekitError('invalid-argument', 'revision number cannot be masked');
  }
}

function* revisionPages(
  entries: readonly RegistrationEntry[],
  pageSize: number,
): Generator<SyncAuthorizedEntriesResponse> {
  for (let start = 0; start < entries.length; start += pageSize) {
    const entryRevisions = entries.slice(start, start + pageSize).map(revisionOf);
    yield message({ entryRevisions, more: start + pageSize < entries.length });
  }
}

function revisionOf({ id, revisionNumber, createdAtSeconds }: RegistrationEntry): EntryRevision {
  return { id, revisionNumber, createdAt: secondsToWire(createdAtSeconds) };
}

function selectSorted(byId: ReadonlyMap<string, RegistrationEntry>, ids: readonly string[]): RegistrationEntry[] {
  return [...new Set(ids)].sort().flatMap((id) => byId.get(id) ?? []);
}

function* entryPages(
  entries: readonly RegistrationEntry[],
  pageSize: number,
  mask: EntryMask | undefined,
): Generator<SyncAuthorizedEntriesResponse> {
  let rest = entries;
  // An agent that asked for what is gone gets an empty answer.
  do {
    const page = rest.slice(0, pageSize);
    const count = countFitting(page);
    rest = rest.slice(count);
    yield message({ entries: page.slice(0, count).map((entry) => entryToWire(entry, mask)), more: rest.length > 0 });
  } while (rest.length > 0);
}

function message(fields: Partial<SyncAuthorizedEntriesResponse>): SyncAuthorizedEntriesResponse {
  return { entryRevisions: [], entries: [], more: false, ...fields };
}
