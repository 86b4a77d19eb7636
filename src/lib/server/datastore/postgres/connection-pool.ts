import { createHash } from 'node:crypto';
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import type { Client } from 'pg';
import type { CancelTimer, Clock } from '../../../runtime/clock.ts';
import { SpirekitError } from '../../../runtime/errors.ts';
import type { PoolLimits } from './pool-limits.ts';
import { ConnectionLost, fromPostgresError, isConnectionLost } from './postgres-errors.ts';

/** What the pool is made from. */
export interface ConnectionPoolDeps extends PoolLimits {
  readonly open: () => Promise<Client>;
  readonly clock: Clock;
}

/** An unused connection is closed after this time, as in SPIRE. */
const LONGEST_IDLE_MS = 30_000;

/** Whoever needs a connection while all are in use waits so long. */
const LONGEST_WAIT_MS = 10_000;

/** A statement that has no answer by then is given up, with its connection: longer than the server itself lets it run. */
const LONGEST_STATEMENT_MS = 20_000;

/** Of a text that is worth preparing, in characters. */
const LARGE_INSERT_LENGTH = 1000;

/** A connection and what the pool must know of it. */
interface Pooled {
  readonly client: Client;
  readonly openedMs: number;
  isBroken: boolean;
  stopIdling: CancelTimer;
}

/** Somebody who waits for a connection: gets one, or room to open one. */
interface Waiter {
  readonly take: (pooled: Pooled | undefined) => void;
}

/** The connections of a server to its database, given out one at a time and used again. */
export class ConnectionPool implements PostgresPool {
  /** For kysely, which would open connections of its own by them; it never has to here. */
  readonly options: PostgresPool['options'] = {};
  readonly #deps: ConnectionPoolDeps;
  readonly #idle: Pooled[] = [];
  readonly #inUse = new Set<Pooled>();
  readonly #waiters: Waiter[] = [];
  #opening = 0;
  #isClosed = false;

  constructor(deps: ConnectionPoolDeps) {
    this.#deps = deps;
  }

  /** Gives out a connection. Errors: those of opening one, `unavailable` when all stay in use. */
  async connect(): Promise<PostgresPoolClient> {
    return this.#lend(await this.#acquire());
  }

  /** Closes what is unused now and the rest when it comes back. */
  async end(): Promise<void> {
    this.#isClosed = true;
    for (const waiter of this.#waiters.splice(0)) waiter.take(undefined);
    await Promise.all(this.#idle.splice(0).map((pooled) => this.#close(pooled)));
  }

  async #acquire(): Promise<Pooled> {
    if (this.#isClosed) throw closed();
    for (let pooled = this.#idle.pop(); pooled !== undefined; pooled = this.#idle.pop()) {
      pooled.stopIdling();
      if (this.#isGood(pooled)) return pooled;
      void this.#close(pooled);
    }
    if (this.#idle.length + this.#inUse.size + this.#opening < this.#deps.mostOpen) return await this.#open();
    return (await this.#wait()) ?? (await this.#acquire());
  }

  async #open(): Promise<Pooled> {
    this.#opening += 1;
    try {
      const client = await this.#deps.open();
      const pooled: Pooled = {
        client,
        openedMs: this.#deps.clock.monotonicMs(),
        isBroken: false,
        stopIdling: () => {},
      };
      client.once('error', () => this.#noteBroken(pooled));
      client.once('end', () => this.#noteBroken(pooled));
      if (this.#isClosed) {
        await this.#close(pooled);
        throw closed();
      }
      return pooled;
    } catch (error) {
      this.#wakeNext(undefined);
      throw fromPostgresError(error);
    } finally {
      this.#opening -= 1;
    }
  }

  #wait(): Promise<Pooled | undefined> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        take: (pooled) => {
          giveUp();
          resolve(pooled);
        },
      };
      const giveUp = this.#deps.clock.schedule(
        LONGEST_WAIT_MS,
        () => {
          this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
          const many = this.#deps.mostOpen;
          reject(
            new SpirekitError('unavailable', `datastore-sql: all ${many} connections (max_open_conns) are in use`),
          );
        },
        { unref: true },
      );
      this.#waiters.push(waiter);
    });
  }

  #wakeNext(pooled: Pooled | undefined): boolean {
    const waiter = this.#waiters.shift();
    waiter?.take(pooled);
    return waiter !== undefined;
  }

  #lend(pooled: Pooled): PostgresPoolClient {
    this.#inUse.add(pooled);
    const query = (text: string, values: readonly unknown[]) => this.#query(pooled, text, values);
    const release = (): void => {
      if (this.#inUse.delete(pooled)) this.#takeBack(pooled);
    };
    // The rows have the shape that the query was built for; kysely's types vouch for it. It asks for no cursors here.
    return { query, release } as unknown as PostgresPoolClient;
  }

  #takeBack(pooled: Pooled): void {
    if (this.#isClosed || !this.#isGood(pooled)) {
      void this.#close(pooled);
      this.#wakeNext(undefined);
      return;
    }
    // It counts as used until whoever waits for it gets his turn.
    this.#inUse.add(pooled);
    if (this.#wakeNext(pooled)) return;
    this.#inUse.delete(pooled);
    if (this.#idle.length >= this.#deps.mostIdle) {
      void this.#close(pooled);
      return;
    }
    pooled.stopIdling = this.#deps.clock.schedule(LONGEST_IDLE_MS, () => this.#drop(pooled), { unref: true });
    this.#idle.push(pooled);
  }

  async #query(pooled: Pooled, text: string, values: readonly unknown[]): Promise<unknown> {
    const { promise: timeout, reject } = Promise.withResolvers<never>();
    const giveUp = (): void => {
      pooled.isBroken = true;
      // Ends the connection at once, since a statement is under way.
      void pooled.client.end();
      reject(new ConnectionLost(`the database has not answered for ${LONGEST_STATEMENT_MS / 1000} s`));
    };
    const cancel = this.#deps.clock.schedule(LONGEST_STATEMENT_MS, giveUp, { unref: true });
    try {
      const answer = pooled.client.query({ text, values: [...values], ...nameOf(text) });
      answer.catch(() => undefined);
      return await Promise.race([answer, timeout]);
    } catch (error) {
      if (isConnectionLost(error)) pooled.isBroken = true;
      throw error;
    } finally {
      cancel();
    }
  }

  #noteBroken(pooled: Pooled): void {
    pooled.isBroken = true;
    this.#drop(pooled);
  }

  /** Closes a connection that nobody uses. */
  #drop(pooled: Pooled): void {
    const at = this.#idle.indexOf(pooled);
    if (at < 0) return;
    this.#idle.splice(at, 1);
    void this.#close(pooled);
  }

  #isGood({ isBroken, openedMs }: Pooled): boolean {
    const { longestLifeMs, clock } = this.#deps;
    return !isBroken && (longestLifeMs === undefined || clock.monotonicMs() - openedMs < longestLifeMs);
  }

  async #close(pooled: Pooled): Promise<void> {
    pooled.stopIdling();
    await pooled.client.end().catch(() => undefined);
  }
}

/**
 * Large inserts are prepared once for each connection: to read them takes PostgreSQL longer than to run them. There are few,
 * since they come in powers of two of rows.
 */
function nameOf(text: string): { readonly name?: string } {
  if (text.length < LARGE_INSERT_LENGTH || !text.startsWith('insert into')) return {};
  return { name: createHash('sha256').update(text).digest('base64url') };
}

function closed(): SpirekitError {
  return new SpirekitError('unavailable', 'the datastore is closed');
}
