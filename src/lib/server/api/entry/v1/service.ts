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
  BatchUpdateEntryRequest,
  EntryDefinition,
  ListEntriesRequest,
  ListEntriesResponse,
} from '../../../../wire/gen/spire/api/server/entry/v1/entry.ts';
import type { Entry, EntryMask } from '../../../../wire/gen/spire/api/types/entry.ts';
import { getCallerId } from '../../../authorization/caller.ts';
import type { AuthorizedEntries } from '../../../cache/authorized-entries.ts';
import type { EntryStore } from '../../../datastore/entry-store.ts';
import { answerBatch } from '../../batch.ts';
import { fromStore } from '../../store-failure.ts';
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

    listEntries: (request) => listEntries(deps, request),

    getEntry: async ({ id, outputMask }) => {
      if (id === '') throw new SpirekitError('invalid-argument', 'missing ID');
      const entry = await fromStore('failed to fetch entry', entries.findEntry(id));
      if (entry === undefined) throw new SpirekitError('not-found', 'entry not found');
      return entryToWire(entry, outputMask);
    },

    batchCreateEntry: (request, call) => createEntries(deps, request, call),

    batchUpdateEntry: (request, call) => updateEntries(deps, request, call),

    batchDeleteEntry: async ({ ids }, call) => ({
      results: await answerBatch(call, ids, {
        handle: async (id) => {
          if (id === '') throw new SpirekitError('invalid-argument', 'missing entry ID');
          await deleteEntry(entries, id);
          return { status: OK, id };
        },
        fail: (status, id) => ({ status, id }),
      }),
    }),

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
): Promise<ListEntriesResponse> {
  const filter = entryFilterFromWire(trustDomain, request.filter);
  const wanted = pageRequest(request);
  let page = await fromStore('failed to list entries', entries.listEntries(filter, wanted));
  const fitting = wanted === undefined ? page.items.length : countFitting(page.items);
  if (wanted !== undefined && fitting < page.items.length) {
    page = await fromStore('failed to list entries', entries.listEntries(filter, { ...wanted, size: fitting }));
  }
  return {
    entries: await mapInTurns(page.items, (entry) => entryToWire(entry, request.outputMask)),
    nextPageToken: page.nextToken,
  };
}

async function createEntries(
  deps: EntryServiceDeps,
  { entries, outputMask }: BatchCreateEntryRequest,
  call: CallContext,
): Promise<{ results: BatchCreateEntryResponse_Result[] }> {
  const handle = (wire: Entry) => createEntry(deps, wire, outputMask);
  return { results: await answerBatch(call, entries, { handle, fail: (status) => ({ status, entry: undefined }) }) };
}

async function createEntry(
  { trustDomain, entries }: EntryServiceDeps,
  wire: Entry,
  outputMask: EntryMask | undefined,
): Promise<BatchCreateEntryResponse_Result> {
  const { entry } = inField('failed to convert entry', () => requestedEntryFromWire(trustDomain, wire));
  const outcome = await fromStore('failed to create entry', entries.createEntry(entry), [
    'invalid-argument',
    'already-exists',
  ]);
  if (outcome.created) return { status: OK, entry: entryToWire(sorted(outcome.entry), outputMask) };
  const status = { code: RpcCode.alreadyExists, message: 'similar entry already exists' };
  return { status, entry: entryToWire(outcome.entry, outputMask) };
}

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
  const handle = async (wire: Entry): Promise<BatchCreateEntryResponse_Result> => {
    const { entry, fields } = inField('failed to convert entry', () =>
      requestedEntryFromWire(trustDomain, wire, inputMask),
    );
    const updating = entries.updateEntry(entry, fields);
    const updated = await fromStore('failed to update entry', updating, [
      'invalid-argument',
      'already-exists',
      'not-found',
    ]);
    return { status: OK, entry: entryToWire(sorted(updated), outputMask) };
  };
  return { results: await answerBatch(call, updates, { handle, fail: (status) => ({ status, entry: undefined }) }) };
}

async function deleteEntry(entries: EntryStore, id: string): Promise<void> {
  try {
    await fromStore('failed to delete entry', entries.deleteEntry(id), ['not-found']);
  } catch (error) {
    if (!(error instanceof SpirekitError) || error.code !== 'not-found') throw error;
    throw new SpirekitError('not-found', 'entry not found', { cause: error });
  }
}
