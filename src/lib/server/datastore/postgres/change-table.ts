import { type Kysely, sql } from 'kysely';

/** Changes in the order of their commits, for the servers that did not make them. Older ones are deleted. */
export interface ChangeTable {
  /** One more than that of the row before. There is always a last row. */
  readonly id: number;
  /** Random. */
  readonly mark: string;
  /** JSON, see `change-list.ts`. */
  readonly content: string;
}

/** Makes the table, with a row that stands for the time before. */
export async function createChangeTable(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('shared_changes')
    .addColumn('id', 'bigint', (column) => column.primaryKey())
    .addColumn('mark', 'text', (column) => column.notNull())
    .addColumn('recorded_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .addColumn('content', 'text', (column) => column.notNull())
    .execute();
  await sql`insert into shared_changes (id, mark, content) values (0, md5(random()::text), '[]')`.execute(db);
}
