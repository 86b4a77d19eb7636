import type { CallContext, ServiceImplementation } from '../../../../rpc/call-context.ts';
import { RpcCode } from '../../../../rpc/status.ts';
import { SpirekitError } from '../../../../runtime/errors.ts';
import { mapInTurns } from '../../../../runtime/next-turn.ts';
import type { RegistrationEntry } from '../../../../spiffe/registration-entry.ts';
import { compareSelectors } from '../../../../spiffe/selector.ts';
import type { TrustDomain } from '../../../../spiffe/trust-domain.ts';
import { inField } from '../../../../wire/convert/conversion-error.ts';
import { entryToWire, requestedEntryFromWire } from '../../../../wire/convert/entry.ts';
import { OK } from '../../../../wire/convert/status.ts';
import type {
  BatchCreateEntryRequest,
  BatchCreateEntryResponse_Result,
  BatchDeleteEntryRequest,
  BatchDeleteEntryResponse_Result,
  BatchUpdateEntryRequest,
  EntryDefinition,
  ListEntriesRequest,
  ListEntriesResponse,
} from '../../../../wire/gen/spire/api/server/entry/v1/entry.ts';
import type { Status } from '../../../../wire/gen/spire/api/types/status.ts';
import { LIST_ORDER, LIST_TOTAL, parseListOrder } from '../../../../wire/list-order.ts';
import { getCallerId } from '../../../authorization/caller.ts';
import type { AuthorizedEntries } from '../../../cache/authorized-entries.ts';
import type { EntryStore } from '../../../datastore/entry-store.ts';
import { answerWholeBatch } from '../../batch.ts';
import { fromStore, storeFailure } from '../../store-failure.ts';
import { pageRequest } from '../../wire-filter.ts';
import { entryFilterFromWire } from './entry-filter.ts';
import { countFitting } from './entry-size.ts';
import { syncAuthorizedEntries } from './sync-authorized-entries.ts';

/** What the entry service depends on. */
export interface EntryServiceDeps {
  readonly trustDomain: TrustDomain;
  readonly entries: EntryStore;
  readonly authorizedEntries: AuthorizedEntries;
  /** Entries in one message of a sync. Default 500. */
  readonly syncPageSize?: number;
}

const DEFAULT_SYNC_PAGE_SIZE = 500;

/** `spire.api.server.entry.v1.Entry`: operators register here, agents learn here what they may act for. */
export function entryService(deps: EntryServiceDeps): ServiceImplementation<typeof EntryDefinition> {
  const { trustDomain, entries, authorizedEntries, syncPageSize = DEFAULT_SYNC_PAGE_SIZE } = deps;
  return {
    countEntries: async ({ filter }) => {
      const counting = entries.countEntries(entryFilterFromWire(trustDomain, filter));
      return { count: await fromStore('failed to count entries', counting) };
    },

    listEntries: (request, call) => listEntries(deps, request, call),

    getEntry: async ({ id, outputMask }) => {
      if (id === '') throw new SpirekitError('invalid-argument', 'missing ID');
      const entry = await fromStore('failed to fetch entry', entries.findEntry(id));
      if (entry === undefined) throw new SpirekitError('not-found', 'entry not found');
      return entryToWire(entry, outputMask);
    },

    batchCreateEntry: (request, call) => createEntries(deps, request, call),

    batchUpdateEntry: (request, call) => updateEntries(deps, request, call),

    batchDeleteEntry: (request, call) => deleteEntries(deps, request, call),

    getAuthorizedEntries: async ({ outputMask }, call) => {
      const authorized = authorizedEntries.listAuthorizedEntries(getCallerId(call));
      return { entries: await mapInTurns(authorized, (entry) => entryToWire(entry, outputMask)) };
    },

    syncAuthorizedEntries: (requests, call) =>
      syncAuthorizedEntries(requests, authorizedEntries.listAuthorizedEntries(getCallerId(call)), syncPageSize),
  };
}

/** A page that is too large for one message is cut down; clients follow the token. */
async function listEntries(
  { trustDomain, entries }: EntryServiceDeps,
  request: ListEntriesRequest,
  call: CallContext,
): Promise<ListEntriesResponse> {
  const filter = entryFilterFromWire(trustDomain, request.filter);
  const order = parseListOrder(call.metadata.get(LIST_ORDER));
  const page = pageRequest(request);
  const wanted = page && { ...page, order };
  if (order !== undefined && wanted?.token === '') {
    call.setTrailer(LIST_TOTAL, String(await fromStore('failed to list entries', entries.countEntries(filter))));
  }
  let listed = await fromStore('failed to list entries', entries.listEntries(filter, wanted).catch(wordAsSpire));
  const fitting = wanted === undefined ? listed.items.length : countFitting(listed.items);
  if (wanted !== undefined && fitting < listed.items.length) {
    listed = await fromStore('failed to list entries', entries.listEntries(filter, { ...wanted, size: fitting }));
  }
  return {
    entries: await mapInTurns(listed.items, (entry) => entryToWire(entry, request.outputMask)),
    nextPageToken: listed.nextToken,
  };
}

/** SPIRE's store passes on for entries alone what a call would have answered. */
function wordAsSpire(error: unknown): never {
  if (!(error instanceof SpirekitError) || !error.message.startsWith('could not parse token')) throw error;
  const message = `datastore-sql: rpc error: code = InvalidArgument desc = ${error.message}`;
  throw new SpirekitError(error.code, message, { cause: error });
}

async function createEntries(
  { trustDomain, entries }: EntryServiceDeps,
  request: BatchCreateEntryRequest,
  call: CallContext,
): Promise<{ results: BatchCreateEntryResponse_Result[] }> {
  const results = await answerWholeBatch(call, request.entries, {
    prepare: (wire) => inField('failed to convert entry', () => requestedEntryFromWire(trustDomain, wire).entry),
    run: (wanted) => entries.createEntries(wanted),
    succeed: ({ entry, created }): BatchCreateEntryResponse_Result =>
      created
        ? { status: OK, entry: entryToWire(sorted(entry), request.outputMask) }
        : { status: SIMILAR_EXISTS, entry: entryToWire(entry, request.outputMask) },
    storeFailure: (error) => storeFailure('failed to create entry', error, ['invalid-argument', 'already-exists']),
    fail: (status) => ({ status, entry: undefined }),
  });
  return { results };
}

const SIMILAR_EXISTS: Status = { code: RpcCode.alreadyExists, message: 'similar entry already exists' };

/** SPIRE answers a registration with selectors and DNS names in order, and everything else as they were registered. */
function sorted(entry: RegistrationEntry): RegistrationEntry {
  return {
    ...entry,
    selectors: [...entry.selectors].sort(compareSelectors),
    dnsNames: [...entry.dnsNames].sort(),
  };
}

async function updateEntries(
  { trustDomain, entries }: EntryServiceDeps,
  { entries: updates, inputMask, outputMask }: BatchUpdateEntryRequest,
  call: CallContext,
): Promise<{ results: BatchCreateEntryResponse_Result[] }> {
  const results = await answerWholeBatch(call, updates, {
    prepare: (wire) => inField('failed to convert entry', () => requestedEntryFromWire(trustDomain, wire, inputMask)),
    run: (wanted) => entries.updateEntries(wanted),
    succeed: (updated): BatchCreateEntryResponse_Result => ({
      status: OK,
      entry: entryToWire(sorted(updated), outputMask),
    }),
    storeFailure: (error) =>
      storeFailure('failed to update entry', error, ['invalid-argument', 'already-exists', 'not-found']),
    fail: (status) => ({ status, entry: undefined }),
  });
  return { results };
}

async function deleteEntries(
  { entries }: EntryServiceDeps,
  { ids }: BatchDeleteEntryRequest,
  call: CallContext,
): Promise<{ results: BatchDeleteEntryResponse_Result[] }> {
  const results = await answerWholeBatch(call, ids, {
    prepare: (id) => {
      if (id === '') throw new SpirekitError('invalid-argument', 'missing entry ID');
      return id;
    },
    run: (wanted) => entries.deleteEntries(wanted),
    succeed: (_, id): BatchDeleteEntryResponse_Result => ({ status: OK, id }),
    storeFailure: (error) =>
      error instanceof SpirekitError && error.code === 'not-found'
        ? new SpirekitError('not-found', 'entry not found', { cause: error })
        : storeFailure('failed to delete entry', error),
    fail: (status, id) => ({ status, id }),
  });
  return { results };
}
