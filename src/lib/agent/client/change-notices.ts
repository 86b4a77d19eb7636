import type { RpcClient } from '../../rpc/client.ts';
import { RpcCode, RpcError } from '../../rpc/status.ts';
import { SyncDefinition } from '../../wire/gen/spirekit/api/server/sync/v1/sync.ts';

/**
 * Listens to a server that says when something changed, and calls back each time; the first time when the stream
 * stands. Resolves with false when the server has no such service, with true when the signal aborts; rejects when the
 * stream is lost.
 */
export async function listenToChanges(
  client: RpcClient,
  onChange: () => void,
  options: { readonly signal: AbortSignal },
): Promise<boolean> {
  const { signal } = options;
  try {
    for await (const _ of client.serverStream(SyncDefinition, 'watch', {}, { signal })) onChange();
  } catch (error) {
    if (signal.aborted) return true;
    if (error instanceof RpcError && error.status === RpcCode.unimplemented) return false;
    throw error;
  }
  if (signal.aborted) return true;
  throw new RpcError(RpcCode.unavailable, 'the server ended the stream of change notices');
}
