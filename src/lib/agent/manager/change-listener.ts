import type { Clock } from '../../runtime/clock.ts';
import { sleep } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import { listenToChanges } from '../client/change-notices.ts';
import type { ServerConnection } from '../client/server-connection.ts';
import { Backoff } from './backoff.ts';

/** What a {@link ChangeListener} needs. */
export interface ChangeListenerOptions {
  readonly connection: ServerConnection;
  /** Called for each notice, and each time the stream stands (again): something may have been missed before. */
  readonly onChange: () => void;
  readonly random: () => number;
  readonly clock: Clock;
  readonly log: Logger;
}

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;

/** A server without the service may be replaced by one that has it. */
const ASK_AGAIN_MS = 5 * 60_000;

/** Keeps listening to the server's notices of change, if it gives any. The agent polls beside that in any case. */
export class ChangeListener {
  readonly #options: ChangeListenerOptions;

  constructor(options: ChangeListenerOptions) {
    this.#options = options;
  }

  /** Works until the signal aborts, and then rejects with its reason. */
  async run(signal: AbortSignal): Promise<never> {
    const { connection, onChange, random, clock, log } = this.#options;
    const backoff = new Backoff({ initialMs: FIRST_RETRY_MS, maxMs: LONGEST_RETRY_MS, random });
    for (;;) {
      signal.throwIfAborted();
      let waitMs = 0;
      try {
        const isServed = await connection.useUntilReplaced((client, replaced) =>
          listenToChanges(
            client,
            () => {
              backoff.reset();
              onChange();
            },
            { signal: AbortSignal.any([signal, replaced]) },
          ),
        );
        if (!isServed) waitMs = ASK_AGAIN_MS;
      } catch (error) {
        log.debug('Change notices interrupted', { error });
        waitMs = backoff.nextMs();
      }
      await sleep(clock, waitMs, { signal });
    }
  }
}
