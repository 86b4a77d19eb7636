import { randomUUID } from 'node:crypto';
import type { RpcClient } from '../rpc/client.ts';
import { RpcCode } from '../rpc/status.ts';
import type {
  BatchCreateEntryResponse_Result,
  BatchDeleteEntryResponse_Result,
  BatchUpdateEntryResponse_Result,
} from '../wire/gen/spire/api/server/entry/v1/entry.ts';
import { Entry, type EntryMask } from '../wire/gen/spire/api/types/entry.ts';
import { type BatchOptions, callInBatches } from './batched-calls.ts';
import { entryClient } from './entry-client.ts';

const OK = { code: RpcCode.ok, message: 'OK' };

/** Creates entries in one call, as they are. @throws RpcError */
export async function createEntriesAsGiven(
  rpc: RpcClient,
  entries: readonly Entry[],
  { signal }: Pick<BatchOptions, 'signal'>,
): Promise<readonly BatchCreateEntryResponse_Result[]> {
  const request = { entries: [...entries], outputMask: undefined };
  return (await entryClient(rpc).batchCreateEntry(request, { signal })).results;
}

/**
 * Creates entries, in parts. Those without an ID get one here, a UUID as a server gives: an entry that is said to exist
 * already when a part is sent again, under the very ID, was created by the part whose answer was lost.
 *
 * @throws RpcError
 */
export function createEntries(
  rpc: RpcClient,
  entries: readonly Entry[],
  options: BatchOptions,
): Promise<BatchCreateEntryResponse_Result[]> {
  const client = entryClient(rpc);
  return callInBatches(rpc, options, {
    items: entries.map((entry) => (entry.id === '' ? { ...entry, id: randomUUID() } : entry)),
    sizeOf: entrySize,
    send: async (some, isRepeated) => {
      const request = { entries: [...some], outputMask: undefined };
      const { results } = await client.batchCreateEntry(request, { signal: options.signal });
      return isRepeated ? results.map((result, index) => asCreated(result, some[index]?.id)) : results;
    },
  });
}

/**
 * Updates entries, in parts. A part that is sent again says the same again.
 *
 * @param inputMask the fields to change; all without it
 * @throws RpcError
 */
export function updateEntries(
  rpc: RpcClient,
  entries: readonly Entry[],
  options: BatchOptions,
  inputMask?: EntryMask,
): Promise<BatchUpdateEntryResponse_Result[]> {
  const client = entryClient(rpc);
  return callInBatches(rpc, options, {
    items: entries,
    sizeOf: entrySize,
    send: async (some) => {
      const request = { entries: [...some], inputMask, outputMask: undefined };
      return (await client.batchUpdateEntry(request, { signal: options.signal })).results;
    },
  });
}

/** Deletes entries, in parts. What is not there when a part is sent again has been deleted. @throws RpcError */
export function deleteEntries(
  rpc: RpcClient,
  ids: readonly string[],
  options: BatchOptions,
): Promise<BatchDeleteEntryResponse_Result[]> {
  const client = entryClient(rpc);
  return callInBatches(rpc, options, {
    items: ids,
    sizeOf: (id) => Buffer.byteLength(id) + 4,
    send: async (some, isRepeated) => {
      const { results } = await client.batchDeleteEntry({ ids: [...some] }, { signal: options.signal });
      return isRepeated
        ? results.map((result) => (result.status?.code === RpcCode.notFound ? { ...result, status: OK } : result))
        : results;
    },
  });
}

function asCreated(result: BatchCreateEntryResponse_Result, id: string | undefined): BatchCreateEntryResponse_Result {
  const isOurs = result.status?.code === RpcCode.alreadyExists && result.entry?.id === id;
  return isOurs ? { ...result, status: OK } : result;
}

function entrySize(entry: Entry): number {
  return Entry.encode(entry).finish().length + 4;
}
