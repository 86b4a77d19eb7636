import { randomBytes } from 'node:crypto';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { CancelTimer, Clock } from '../../../runtime/clock.ts';
import type { Logger } from '../../../runtime/logger.ts';
import { forEachInTurns } from '../../../runtime/next-turn.ts';
import type { ChangeListener, DatastoreChange } from '../change-events.ts';
import type { Schema } from '../sql/schema.ts';
import type { ChangePosition, SharedChanges } from '../sql/shared-changes.ts';
import { formatChangeList, parseChangeLists } from './change-list.ts';
import type { ChangeTable } from './change-table.ts';
import { selectChangedValues } from './changed-values.ts';

/** What the feed depends on. */
export interface ChangeFeedDeps {
  readonly db: Kysely<Schema>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The channel on which servers tell each other that there is something new: who speaks, and the id of the change. */
export const CHANGE_CHANNEL = 'spirekit_changes';

/** The table is looked at so often, whether or not anybody was heard. SPIRE's servers do every 5 s. */
const LOOK_EVERY_MS = 2_000;

const PRUNE_EVERY_MS = 5 * 60 * 1000;

/** Rows read at once. */
const PIECE = 100;

/**
 * The changes of all servers on one database, in the order of their commits: writes come one at a time, so that their
 * numbers have no gaps. What this server changes is told with its values as long as nobody else came between; what others
 * changed is read. A server that was away for longer than the rows are kept, or whose database was set back, is told that
 * all may have changed.
 */
export class ChangeFeed implements SharedChanges, AsyncDisposable {
  readonly #deps: ChangeFeedDeps;
  /** Tells this server's notifications from those of others. */
  readonly #self = randomBytes(9).toString('base64url');
  /** The last change that the listeners know. */
  #position: ChangePosition;
  #tell: ChangeListener = () => {};
  /** All that concerns the listeners is done one after the other. */
  #work: Promise<unknown> = Promise.resolve();
  #isBehind = false;
  #cancels: CancelTimer[] = [];
  #isClosed = false;

  private constructor(deps: ChangeFeedDeps, position: ChangePosition) {
    this.#deps = deps;
    this.#position = position;
  }

  /** Begins with what comes after now. Rejects with what the database throws. */
  static async open(deps: ChangeFeedDeps): Promise<ChangeFeed> {
    return new ChangeFeed(deps, await lastPosition(deps.db));
  }

  /** Where the listeners are. */
  get positionId(): number {
    return this.#position.id;
  }

  /** From now on it looks by itself for changes of others. To be called once. */
  start(tell: ChangeListener): void {
    this.#tell = tell;
    this.#every(LOOK_EVERY_MS, () => this.#look());
    this.#every(PRUNE_EVERY_MS, () => this.#prune());
  }

  /** To be called with what came over {@link CHANGE_CHANNEL}. */
  hear(payload: string): void {
    if (payload.startsWith(`${this.#self} `)) return;
    void this.#look();
  }

  async note(tx: Transaction<Schema>, changes: readonly DatastoreChange[]): Promise<ChangePosition | undefined> {
    if (changes.length === 0) return undefined;
    const mark = randomBytes(9).toString('base64url');
    const content = formatChangeList(changes);
    const { rows } = await sql<{ id: number }>`
      with added as (
        insert into shared_changes (id, mark, content)
        select max(id) + 1, ${mark}::text, ${content}::text from shared_changes returning id
      )
      select id, pg_notify(${CHANGE_CHANNEL}, ${this.#self}::text || ' ' || id) from added`.execute(tx);
    return { id: rows[0]?.id ?? 0, mark };
  }

  async settle(position: ChangePosition | undefined, tell: () => Promise<void>): Promise<void> {
    if (position === undefined) return await tell();
    await this.#inTurn(async () => {
      const isNext = (): boolean => this.#position.id === position.id - 1;
      if (!isNext() && this.#position.id < position.id) await this.#tryToCatchUp();
      if (this.#position.id >= position.id) return;
      await tell();
      // If others came between and could not be read, they and this one are read later.
      if (isNext()) this.#position = position;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const cancel of this.#cancels) cancel();
    await this.#work;
  }

  #every(delayMs: number, work: () => Promise<void>): void {
    const at = this.#cancels.length;
    const arm = (): void => {
      if (this.#isClosed) return;
      this.#cancels[at] = this.#deps.clock.schedule(delayMs, () => void work().then(arm), { unref: true });
    };
    arm();
  }

  #look(): Promise<void> {
    return this.#inTurn(() => this.#tryToCatchUp());
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#work.then(() => (this.#isClosed ? undefined : work()));
    this.#work = done.catch(() => undefined);
    return done;
  }

  async #tryToCatchUp(): Promise<void> {
    try {
      while (await this.#readPiece());
      if (this.#isBehind) this.#deps.log.info('Changes of other servers are known again');
      this.#isBehind = false;
    } catch (error) {
      if (!this.#isBehind) this.#deps.log.warn('Unable to learn what other servers changed', { error });
      this.#isBehind = true;
    }
  }

  /** Resolves with true if there may be more. */
  async #readPiece(): Promise<boolean> {
    const { db } = this.#deps;
    const { id, mark } = this.#position;
    // The row of the last known change comes along, to see that it is the same still.
    const { rows } = await sql<ChangeTable>`
      select id, mark, case when id > ${id}::bigint then content else '[]' end as content
      from shared_changes where id >= ${id}::bigint order by id limit ${PIECE + 1}`.execute(db);
    const [known, ...news] = rows;
    if (known?.id !== id || known.mark !== mark) {
      this.#position = await lastPosition(db);
      this.#tell({ kind: 'all' });
      return false;
    }
    const last = news.at(-1);
    if (last === undefined) return false;
    const changes = await selectChangedValues(db, parseChangeLists(news.map(({ content }) => content)));
    await forEachInTurns(changes, (change) => this.#tell(change));
    this.#position = { id: last.id, mark: last.mark };
    return news.length === PIECE;
  }

  /** Whoever is away for longer reads everything anew. The time is that of the database. */
  async #prune(): Promise<void> {
    const pruning = sql`
      delete from shared_changes where recorded_at < now() - interval '1 hour'
      and id < (select max(id) from shared_changes)`.execute(this.#deps.db);
    await pruning.catch((error: unknown) => this.#deps.log.warn('Unable to delete old changes', { error }));
  }
}

async function lastPosition(db: Kysely<Schema>): Promise<ChangePosition> {
  const { rows } = await sql<ChangeTable>`select id, mark from shared_changes order by id desc limit 1`.execute(db);
  return rows[0] ?? { id: 0, mark: '' };
}
