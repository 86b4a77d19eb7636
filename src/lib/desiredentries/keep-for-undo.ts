import { entryClient } from '../client/entry-client.ts';
import type { RpcClient } from '../rpc/client.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { Entry } from '../wire/gen/spire/api/types/entry.ts';
import { listAllEntries } from './server-state.ts';
import { writeUndoFile } from './undo-file.ts';

/** More than these are not asked for one by one. */
const FEW = 20;

/**
 * Writes how entries are before they are changed or deleted. Those that are not there are left out.
 *
 * @throws as {@link writeUndoFile}; RpcError
 */
export async function keepForUndo(
  rpc: RpcClient,
  ids: readonly string[],
  path: string,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  const entries = ids.length <= FEW ? await fetchEach(rpc, ids, options) : await pick(rpc, new Set(ids), options);
  await writeUndoFile(path, { entries, removeIds: [] });
}

async function fetchEach(
  rpc: RpcClient,
  ids: readonly string[],
  options: { readonly signal: AbortSignal },
): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const id of new Set(ids)) {
    try {
      entries.push(await entryClient(rpc).getEntry({ id, outputMask: undefined }, options));
    } catch (error) {
      if (!(error instanceof SpirekitError) || error.code !== 'not-found') throw error;
    }
  }
  return entries;
}

async function pick(
  rpc: RpcClient,
  ids: ReadonlySet<string>,
  options: { readonly signal: AbortSignal },
): Promise<Entry[]> {
  const all = await listAllEntries(rpc, { ...options, filter: undefined, outputMask: undefined });
  return all.filter(({ id }) => ids.has(id));
}
