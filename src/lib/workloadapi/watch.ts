import { RpcCode, RpcError } from '../rpc/status.ts';
import { type Clock, sleep } from '../runtime/clock.ts';
import { SpirekitError } from '../runtime/errors.ts';
import type { WorkloadCallOptions } from './client.ts';

/** One event of a watch: an answer, or the failure of a stream that will be opened again. */
export type WatchEvent<T> =
  | { readonly kind: 'update'; readonly value: T }
  | { readonly kind: 'failure'; readonly error: SpirekitError };

/** How a watch waits and what ends it. */
export interface WatchOptions {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** A number from 0 up to but not 1, for jitter; default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

const FIRST_DELAY_MS = 1000;
const LONGEST_DELAY_MS = 30_000;

/** Workloads that lost the same agent do not all come back at the same moment. */
const JITTER = 0.1;

/**
 * Keeps a stream of the Workload API open: when it breaks, it is opened again after 1 s, 2 s, ... 30 s, counted anew
 * after each answer, as go-spiffe does; give or take a tenth.
 *
 * @throws the error that ended it (after its `failure` event): `Canceled` when the signal aborts, and
 *   `InvalidArgument`, which no retry mends
 */
export async function* watchStream<T>(
  open: (options: WorkloadCallOptions) => AsyncIterable<T>,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>> {
  const { random = Math.random } = options;
  let delayMs = FIRST_DELAY_MS;
  for (;;) {
    let error: SpirekitError;
    try {
      for await (const value of open({ signal: options.signal })) {
        delayMs = FIRST_DELAY_MS;
        yield { kind: 'update', value };
      }
      error = new RpcError(RpcCode.unknown, 'EOF');
    } catch (cause) {
      error = SpirekitError.from(cause);
    }
    yield { kind: 'failure', error };
    if (options.signal?.aborted === true || error.code === 'canceled' || error.code === 'invalid-argument') throw error;
    await sleep(options.clock, delayMs * (1 - JITTER + 2 * JITTER * random()), { signal: options.signal }).catch(
      (cause: unknown) => {
        throw new SpirekitError('canceled', 'context canceled', { cause });
      },
    );
    delayMs = Math.min(delayMs + FIRST_DELAY_MS, LONGEST_DELAY_MS);
  }
}
