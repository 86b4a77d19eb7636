import type { CallContext } from '../../rpc/call-context.ts';
import { rpcStatusOf } from '../../rpc/status.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { nextTurn } from '../../runtime/next-turn.ts';
import type { Status } from '../../wire/gen/spire/api/types/status.ts';
import { callLogger } from '../authorization/call-logger.ts';

/** Items at work at the same time: enough to share a commit, few enough to let other calls in between. */
const ITEMS_AT_ONCE = 100;

/**
 * Answers a batch item by item: what is wrong with one is its own status and leaves the others alone. Items take effect in
 * their order. When the caller gives up, the rest is not begun.
 */
export async function answerBatch<Item, Result>(
  call: CallContext,
  items: readonly Item[],
  handlers: {
    readonly handle: (item: Item) => Promise<Result>;
    readonly fail: (status: Status, item: Item) => Result;
  },
): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += ITEMS_AT_ONCE) {
    call.signal.throwIfAborted();
    const group = items.slice(start, start + ITEMS_AT_ONCE);
    results.push(...(await Promise.all(group.map((item) => answerItem(call, item, handlers)))));
    await nextTurn();
  }
  return results;
}

async function answerItem<Item, Result>(
  call: CallContext,
  item: Item,
  handlers: Parameters<typeof answerBatch<Item, Result>>[2],
): Promise<Result> {
  try {
    return await handlers.handle(item);
  } catch (error) {
    // A bug concerns the whole call.
    if (!(error instanceof SpirekitError)) throw error;
    const { status: code, description: message } = rpcStatusOf(error);
    callLogger(call).error('Failed an item of a batch', { error: message });
    return handlers.fail({ code, message }, item);
  }
}
