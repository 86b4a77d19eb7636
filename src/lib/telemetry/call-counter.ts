import { RpcCode, rpcCodeName, rpcStatusOf } from '../rpc/status.ts';
import type { Clock } from '../runtime/clock.ts';
import type { MetricKey, MetricLabels, Metrics } from './metrics.ts';

/** Counts calls and how long they take. */
export interface CallCounterDeps {
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/**
 * SPIRE's call counter around a piece of work: one is added to `key`, and the milliseconds go to `key.elapsed_time`. Both
 * carry the label `status`, the gRPC code that the outcome stands for as Go spells it (`OK`, `NotFound`). Settles as the
 * work does.
 */
export async function countCall<T>(
  { metrics, clock }: CallCounterDeps,
  key: MetricKey,
  work: () => T | Promise<T>,
  labels: MetricLabels = {},
): Promise<T> {
  const startedMs = clock.monotonicMs();
  const done = (status: number): void => {
    const all = { ...labels, status: rpcCodeName(status) };
    metrics.incrementCounter(key, all);
    metrics.addSample([...key, 'elapsed_time'], clock.monotonicMs() - startedMs, all);
  };
  try {
    const result = await work();
    done(RpcCode.ok);
    return result;
  } catch (error) {
    done(rpcStatusOf(error).status);
    throw error;
  }
}
