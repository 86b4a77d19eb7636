import type { RpcClient } from '../../rpc/client.ts';
import { RpcCode, RpcError } from '../../rpc/status.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import {
  EntryDefinition,
  type EntryRevision,
  type SyncAuthorizedEntriesRequest,
  type SyncAuthorizedEntriesResponse,
} from '../../wire/gen/spire/api/server/entry/v1/entry.ts';
import type { Entry } from '../../wire/gen/spire/api/types/entry.ts';
import { type AuthorizedEntry, isSameRevision } from '../cache/authorized-entry.ts';
import { ENTRY_MASK, entryFromWire } from './entry-from-wire.ts';
import { failedCall } from './failed-call.ts';

/** Entries by id. */
export type AuthorizedEntries = ReadonlyMap<string, AuthorizedEntry>;

/** What both ways to ask for entries need. */
export interface AuthorizedEntriesOptions {
  /** What the agent knows already: entries that have not changed are returned as the same objects. */
  readonly known: AuthorizedEntries;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly log: Logger;
}

/**
 * The entries that the agent is entitled to, by the call that transfers only what has changed, or by the older one if
 * the server does not know that or the configuration wants it so.
 */
export async function fetchAuthorizedEntries(
  client: RpcClient,
  options: AuthorizedEntriesOptions & { readonly useSync: boolean },
): Promise<AuthorizedEntries> {
  try {
    if (!options.useSync) return await getAuthorizedEntries(client, options);
    try {
      return await syncAuthorizedEntries(client, options);
    } catch (error) {
      if (!(error instanceof RpcError && error.status === RpcCode.unimplemented)) throw error;
      return await getAuthorizedEntries(client, options);
    }
  } catch (error) {
    throw failedCall(error, { what: 'fetch authorized entries', signal: options.signal, log: options.log });
  }
}

async function getAuthorizedEntries(client: RpcClient, options: AuthorizedEntriesOptions): Promise<AuthorizedEntries> {
  const { signal, timeoutMs } = options;
  const request = { outputMask: ENTRY_MASK };
  const response = await client.unary(EntryDefinition, 'getAuthorizedEntries', request, { signal, timeoutMs });
  const entries = new EntryCollector(options);
  entries.addAll(response.entries);
  return entries.collected;
}

/**
 * One round of SyncAuthorizedEntries. The server answers the first request either with all entries, if they are few, or
 * with pages of revisions; the agent then asks for those entries that it does not know in that revision.
 */
async function syncAuthorizedEntries(client: RpcClient, options: AuthorizedEntriesOptions): Promise<AuthorizedEntries> {
  const { signal, timeoutMs } = options;
  const call = client.bidi(EntryDefinition, 'syncAuthorizedEntries', { signal, timeoutMs });
  try {
    const responses = call.responses[Symbol.asyncIterator]();
    const entries = new EntryCollector(options);
    await send(call, { outputMask: ENTRY_MASK, ids: [] });
    const first = await next(responses);
    if (first.entryRevisions.length === 0) {
      entries.addAll(first.entries);
      return entries.collected;
    }
    for (let page = first; ; page = await next(responses)) {
      if (page.entries.length > 0) throw unexpected('unexpected entry in response receiving entry revisions');
      entries.addRevisions(page.entryRevisions);
      if (!page.more) break;
    }
    const pageSize = first.entryRevisions.length;
    const wanted = entries.wanted.toSorted();
    for (let start = 0; start < wanted.length; start += pageSize) {
      await send(call, { outputMask: undefined, ids: wanted.slice(start, start + pageSize) });
      for (let hasMore = true; hasMore; ) {
        const page = await next(responses);
        if (page.entryRevisions.length > 0) {
          throw unexpected('unexpected entry revisions in response while requesting entries');
        }
        entries.addAll(page.entries);
        hasMore = page.more;
      }
    }
    return entries.collected;
  } finally {
    call.end();
    call.cancel();
  }
}

/** Puts together what is known and what the server sends. */
class EntryCollector {
  readonly collected = new Map<string, AuthorizedEntry>();
  /** Ids of entries that are unknown in the revision that the server named. */
  readonly wanted: string[] = [];
  readonly #known: AuthorizedEntries;
  readonly #log: Logger;

  constructor(options: Pick<AuthorizedEntriesOptions, 'known' | 'log'>) {
    this.#known = options.known;
    this.#log = options.log;
  }

  addRevisions(revisions: readonly EntryRevision[]): void {
    for (const { id, revisionNumber, createdAt } of revisions) {
      if (id === '' || revisionNumber < 0n) {
        this.#log.warn(
          'Received malformed entry revision from SPIRE server; are the server and agent versions compatible?',
          { registration_id: id, revision_number: revisionNumber },
        );
        continue;
      }
      const known = this.#known.get(id);
      // Servers before 1.12 do not say when an entry was created.
      const createdAtSeconds = createdAt === 0n ? (known?.createdAtSeconds ?? 0n) : createdAt;
      if (known !== undefined && isSameRevision(known, { revisionNumber, createdAtSeconds })) {
        this.collected.set(id, known);
      } else {
        this.wanted.push(id);
      }
    }
  }

  addAll(entries: readonly Entry[]): void {
    for (const wire of entries) {
      try {
        const entry = entryFromWire(wire);
        const known = this.#known.get(entry.id);
        this.collected.set(entry.id, known !== undefined && isSameRevision(known, entry) ? known : entry);
      } catch (error) {
        this.#log.warn('Received malformed entry from SPIRE server; are the server and agent versions compatible?', {
          registration_id: wire.id,
          error,
        });
      }
    }
  }
}

/** What is wrong with the call is thrown by the responses. */
async function send(
  call: { send(request: SyncAuthorizedEntriesRequest): Promise<void> },
  request: SyncAuthorizedEntriesRequest,
): Promise<void> {
  await call.send(request).catch(() => undefined);
}

async function next(responses: AsyncIterator<SyncAuthorizedEntriesResponse>): Promise<SyncAuthorizedEntriesResponse> {
  const response = await responses.next();
  if (response.done === true) throw unexpected('EOF');
  return response.value;
}

function unexpected(reason: string): SpirekitError {
  return new SpirekitError('internal', reason);
}
