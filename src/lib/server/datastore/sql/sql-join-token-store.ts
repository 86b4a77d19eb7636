import { createHash } from 'node:crypto';
import { repeated } from '../entry-rules.ts';
import type { JoinToken, JoinTokenStore } from '../join-token-store.ts';
import type { Queries, SqlSession } from './session.ts';

/** Join tokens in an SQL table, which holds only their digests. */
export class SqlJoinTokenStore implements JoinTokenStore {
  readonly #session: SqlSession;

  constructor(config: { session: SqlSession }) {
    this.#session = config.session;
  }

  createJoinToken(token: JoinToken): Promise<void> {
    return this.#session.write(async (tx) => {
      const { numInsertedOrUpdatedRows } = await tx
        .insertInto('join_tokens')
        .values({ token_digest: digestOf(token.value), expires_at: token.expiresAtSeconds })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow();
      if (numInsertedOrUpdatedRows !== 1n) throw repeated('join_tokens.token');
    });
  }

  async findJoinToken(value: string): Promise<JoinToken | undefined> {
    const row = await this.#session.read((db) =>
      db.selectFrom('join_tokens').select('expires_at').where('token_digest', '=', digestOf(value)).executeTakeFirst(),
    );
    return row === undefined ? undefined : { value, expiresAtSeconds: row.expires_at };
  }

  async takeJoinToken(value: string): Promise<JoinToken | undefined> {
    const row = await this.#session.write((tx) => deleteJoinTokenRow(tx, value));
    return row === undefined ? undefined : { value, expiresAtSeconds: row.expires_at };
  }

  async pruneJoinTokens(expiredBeforeSeconds: number): Promise<number> {
    const { numDeletedRows } = await this.#session.write((tx) =>
      tx.deleteFrom('join_tokens').where('expires_at', '<', expiredBeforeSeconds).executeTakeFirstOrThrow(),
    );
    return Number(numDeletedRows);
  }
}

/** Deletes the row of a token; undefined if there is none. */
export function deleteJoinTokenRow(tx: Queries, value: string): Promise<{ readonly expires_at: number } | undefined> {
  return tx
    .deleteFrom('join_tokens')
    .where('token_digest', '=', digestOf(value))
    .returning('expires_at')
    .executeTakeFirst();
}

function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
