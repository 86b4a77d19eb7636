import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';

/** What datastores may use of the server. */
export interface DataStoreDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal | undefined;
}
