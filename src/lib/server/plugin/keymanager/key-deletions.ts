import { type Clock, sleep } from '../../../runtime/clock.ts';
import { SpirekitError } from '../../../runtime/errors.ts';
import type { LogFields, Logger } from '../../../runtime/logger.ts';

/** How keys that are no longer needed go. */
export interface KeyDeletionsDeps {
  /** Deletes a key by its name in the store. Resolves also where there is nothing to delete. */
  readonly deleteKey: (name: string, options: { readonly signal: AbortSignal }) => Promise<void>;
  /** The fields that name a key in the log. */
  readonly describe: (name: string) => LogFields;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Names that wait; more are left to the next start, or to whatever else looks for stale keys. */
const MOST_WAITING = 120;
const LEAST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;

/** Deletes keys behind the back of those who replaced them, one after another, and tries again what fails. */
export class KeyDeletions implements AsyncDisposable {
  readonly #deps: KeyDeletionsDeps;
  readonly #waiting: string[] = [];
  readonly #stopping = new AbortController();
  #work: Promise<void> | undefined;

  constructor(deps: KeyDeletionsDeps) {
    this.#deps = deps;
  }

  /** Has a key deleted soon. */
  add(name: string): void {
    const { log, describe } = this.#deps;
    if (this.#stopping.signal.aborted) return;
    if (this.#waiting.length >= MOST_WAITING) {
      log.error('Failed to enqueue key for deletion', describe(name));
      return;
    }
    this.#waiting.push(name);
    log.debug('Key enqueued for deletion', describe(name));
    this.#work ??= this.#run().finally(() => {
      this.#work = undefined;
    });
  }

  /** Ends the deletion under way; what waits is not deleted. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(new SpirekitError('unavailable', 'the server is stopping'));
    await this.#work;
  }

  async #run(): Promise<void> {
    const { deleteKey, describe, clock, log } = this.#deps;
    const { signal } = this.#stopping;
    let pauseMs = LEAST_PAUSE_MS;
    for (let name = this.#waiting.shift(); name !== undefined && !signal.aborted; name = this.#waiting.shift()) {
      try {
        await deleteKey(name, { signal });
        log.debug('Key deleted', describe(name));
        pauseMs = LEAST_PAUSE_MS;
      } catch (error) {
        if (signal.aborted) return;
        log.error('It was not possible to schedule key for deletion; it is tried again', {
          ...describe(name),
          reason: error,
        });
        this.#waiting.push(name);
        await sleep(clock, pauseMs, { signal }).catch(() => undefined);
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      }
    }
  }
}
