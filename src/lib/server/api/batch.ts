import type { CallContext } from '../../rpc/call-context.ts';
import { rpcStatusOf } from '../../rpc/status.ts';
import { SpirekitError } from '../../runtime/errors.ts';
import { mapInTurns, nextTurn } from '../../runtime/next-turn.ts';
import type { Status } from '../../wire/gen/spire/api/types/status.ts';
import { callLogger } from '../authorization/call-logger.ts';
import { type ItemOutcome, outcomeOf } from '../datastore/item-outcome.ts';

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
    return handlers.fail(failedStatus(call, error), item);
  }
}

/** How a batch is answered that a store takes as a whole. */
export interface WholeBatchHandlers<Item, Prepared, Value, Result> {
  /** What the store is given for an item. What it throws is the item's failure. */
  readonly prepare: (item: Item) => Prepared;
  /** Does it for all that could be prepared, in one go; an outcome each, in their order. */
  readonly run: (prepared: readonly Prepared[]) => Promise<readonly ItemOutcome<Value>[]>;
  readonly succeed: (value: Value, item: Item) => Result;
  /** What a caller is told of an error of the store; throws one that is a bug. */
  readonly storeFailure: (error: unknown) => SpirekitError;
  readonly fail: (status: Status, item: Item) => Result;
}

/**
 * Answers a batch item by item, as {@link answerBatch} does, that is stored in one go. Where all of it is lost, as on a full
 * disk, each item says so.
 */
export async function answerWholeBatch<Item, Prepared, Value, Result>(
  call: CallContext,
  items: readonly Item[],
  handlers: WholeBatchHandlers<Item, Prepared, Value, Result>,
): Promise<Result[]> {
  const prepared = await mapInTurns(items, (item) => outcomeOf(() => handlers.prepare(item)));
  call.signal.throwIfAborted();
  const stored = await runOnce(
    prepared.flatMap((outcome) => (outcome.ok ? [outcome.value] : [])),
    handlers,
  );
  let next = 0;
  return mapInTurns(
    items.map((item, index) => [item, index] as const),
    ([item, index]) => {
      const wish = prepared[index];
      const outcome = wish?.ok === true ? stored[next++] : wish;
      if (outcome === undefined) throw new SpirekitError('internal', 'the store forgot an item of a batch');
      return outcome.ok
        ? handlers.succeed(outcome.value, item)
        : handlers.fail(failedStatus(call, outcome.error), item);
    },
  );
}

async function runOnce<Prepared, Value>(
  prepared: readonly Prepared[],
  { run, storeFailure }: Pick<WholeBatchHandlers<never, Prepared, Value, unknown>, 'run' | 'storeFailure'>,
): Promise<readonly ItemOutcome<Value>[]> {
  if (prepared.length === 0) return [];
  try {
    const outcomes = await run(prepared);
    return outcomes.map((outcome) => (outcome.ok ? outcome : { ok: false, error: storeFailure(outcome.error) }));
  } catch (error) {
    const failure = storeFailure(error);
    return prepared.map(() => ({ ok: false, error: failure }));
  }
}

function failedStatus(call: CallContext, error: SpirekitError): Status {
  const { status: code, description: message } = rpcStatusOf(error);
  callLogger(call).error('Failed an item of a batch', { error: message });
  return { code, message };
}
