import type { Client } from 'pg';
import type { CancelTimer, Clock } from '../../../runtime/clock.ts';
import { SpirekitError } from '../../../runtime/errors.ts';
import type { Logger } from '../../../runtime/logger.ts';
import { CHANGE_CHANNEL } from './change-feed.ts';
import { LOCKS } from './locks.ts';

/** What the presence depends on. */
export interface ServerPresenceDeps {
  readonly connect: () => Promise<Client>;
  readonly clock: Clock;
  readonly log: Logger;
}

const SHORTEST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/**
 * A connection that shows that a server runs on this database, and hears what other servers say. When it is lost another
 * one is opened; in between the server hears nothing and looks for changes by itself.
 */
export class ServerPresence implements AsyncDisposable {
  readonly #deps: ServerPresenceDeps;
  #client: Client | undefined;
  #onMessage: (payload: string) => void = () => {};
  #cancelRetry: CancelTimer = () => {};
  #pauseMs = SHORTEST_PAUSE_MS;
  #isClosed = false;
  #work: Promise<void> = Promise.resolve();

  private constructor(deps: ServerPresenceDeps) {
    this.#deps = deps;
  }

  /**
   * Resolves when it is seen. Errors: `failed-precondition` when somebody has the database to himself; those of the
   * connection.
   */
  static async open(deps: ServerPresenceDeps): Promise<ServerPresence> {
    const presence = new ServerPresence(deps);
    await presence.#begin();
    return presence;
  }

  /** Calls back with each message, in place of an earlier listener. */
  onMessage(listener: (payload: string) => void): void {
    this.#onMessage = listener;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#cancelRetry();
    await this.#work;
    await this.#client?.end().catch(() => undefined);
  }

  async #begin(): Promise<void> {
    const client = await this.#deps.connect();
    try {
      client.on('notification', ({ payload = '' }) => this.#onMessage(payload));
      const { rows } = await client.query<{ got: boolean }>(
        `select pg_try_advisory_lock_shared(${LOCKS.servers}, hashtext(current_schema())) as got`,
      );
      if (rows[0]?.got !== true) {
        throw new SpirekitError(
          'failed-precondition',
          'datastore-sql: the database is being copied; wait until that has ended',
        );
      }
      await client.query(`listen ${CHANGE_CHANNEL}`);
      client.once('end', () => this.#lost());
      this.#client = client;
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
  }

  #lost(): void {
    this.#client = undefined;
    if (this.#isClosed) return;
    const again = async (): Promise<void> => {
      try {
        await this.#begin();
        this.#pauseMs = SHORTEST_PAUSE_MS;
        // Whatever was said in between.
        this.#onMessage('');
      } catch (error) {
        this.#deps.log.debug('No connection for news of other servers', { error });
        this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
        this.#lost();
      }
    };
    const start = (): void => {
      this.#work = again();
    };
    this.#cancelRetry = this.#deps.clock.schedule(this.#pauseMs, start, { unref: true });
  }
}
