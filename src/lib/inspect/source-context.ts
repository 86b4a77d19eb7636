import type { RpcTarget } from '../rpc/target.ts';
import type { Clock } from '../runtime/clock.ts';

/** What reading sources needs from outside. */
export interface SourceContext {
  readonly stdin: AsyncIterable<unknown>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** For one source, connecting included. */
  readonly timeoutMs: number;
  /** The Workload API that is meant when none is named. */
  usualWorkloadApi(): Promise<RpcTarget>;
  /** The server's private socket that is meant when none is named. */
  usualServer(): Promise<RpcTarget>;
}
