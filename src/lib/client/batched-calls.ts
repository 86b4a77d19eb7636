import type { RpcClient } from '../rpc/client.ts';
import { type Clock, sleep } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';

/**
 * Items and bytes of them in one call at most. gRPC servers take 4 MiB, and the answer repeats every entry; a server that
 * needs long for each is heard of before a minute has passed.
 */
const MOST_ITEMS = 1000;
const MOST_BYTES = 1024 * 1024;

/** How long a server that was there may be away. */
const PATIENCE_MS = 30_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;

/** A batch of any length and how a part of it is sent. */
export interface BatchedCall<Item, Result> {
  readonly items: readonly Item[];
  /** About how many bytes of a message an item takes. */
  readonly sizeOf: (item: Item) => number;
  /** Sends some of them. `isRepeated` says that they may have been sent before and that the answer was lost. */
  readonly send: (items: readonly Item[], isRepeated: boolean) => Promise<readonly Result[]>;
}

/** How a batch waits, what ends it, and who hears of it. */
export interface BatchOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told after each part how many items have their answer. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Makes the error of a part that fails after others succeeded; without it, the error of the call. */
  readonly failedAfter?: ((done: number, total: number, error: unknown) => unknown) | undefined;
}

/**
 * Sends a batch in parts that servers accept, one after the other. When the connection breaks, the part whose answer was
 * lost is sent again as soon as the server is back. An empty batch is sent too, since that says whether the server is
 * there.
 *
 * @throws RpcError from the first call, as it is; from a later one as {@link BatchOptions.failedAfter} makes it
 */
export async function callInBatches<Item, Result>(
  rpc: Pick<RpcClient, 'onClose'>,
  options: BatchOptions,
  { items, sizeOf, send }: BatchedCall<Item, Result>,
): Promise<Result[]> {
  const { onProgress, failedAfter } = options;
  const results: Result[] = [];
  for (const part of cut(items, sizeOf)) {
    try {
      const answers = await overLosses(rpc, (isRepeated) => send(part, isRepeated), options);
      for (const answer of answers) results.push(answer);
    } catch (error) {
      if (results.length === 0 || failedAfter === undefined) throw error;
      throw failedAfter(results.length, items.length, error);
    }
    onProgress?.(results.length, items.length);
  }
  return results;
}

/** Parts in their order, each within both limits but of one item at least; of nothing, one empty part. */
function* cut<Item>(
  items: readonly Item[],
  sizeOf: (item: Item) => number,
): Generator<readonly Item[], void, undefined> {
  let start = 0;
  let bytes = 0;
  for (const [index, item] of items.entries()) {
    const size = sizeOf(item);
    if (index > start && (index - start === MOST_ITEMS || bytes + size > MOST_BYTES)) {
      yield items.slice(start, index);
      start = index;
      bytes = 0;
    }
    bytes += size;
  }
  yield items.slice(start);
}

/** Makes a call; if its connection is lost, again and again until the server is back or has been away for too long. */
async function overLosses<T>(
  rpc: Pick<RpcClient, 'onClose'>,
  call: (isRepeated: boolean) => Promise<T>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<T> {
  let isLost = false;
  const stopListening = rpc.onClose(() => {
    isLost = true;
  });
  let giveUpMs = Number.POSITIVE_INFINITY;
  try {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        return await call(isLost);
      } catch (error) {
        // Without a connection there has been nothing to lose: the server is not there.
        const isLoss = error instanceof SpirekitError && error.code === 'unavailable' && isLost;
        if (!isLoss || clock.monotonicMs() >= giveUpMs) throw error;
        giveUpMs = Math.min(giveUpMs, clock.monotonicMs() + PATIENCE_MS);
        await sleep(clock, pauseMs, { signal });
      }
    }
  } finally {
    stopListening();
  }
}
