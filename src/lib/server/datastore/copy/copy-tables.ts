import { createHash } from 'node:crypto';
import { type Kysely, sql, type Transaction } from 'kysely';
import { SpirekitError } from '../../../runtime/errors.ts';
import { nextTurn } from '../../../runtime/next-turn.ts';
import type { DatabaseKind } from '../sql/database-kind.ts';
import { type Schema, TABLES } from '../sql/schema.ts';

/** How many rows each table has. */
export type RowCounts = Readonly<Record<(typeof TABLES)[number], number>>;

/** Rows read at once. */
const PIECE = 2000;
/** Rows in one statement: some thousand parameters, of which every database takes many more. */
const ROWS_A_STATEMENT = 200;

type Row = Readonly<Record<string, unknown>>;

/** Tables whose rows have an id of their own. */
const WITH_ID: readonly string[] = [
  'bundles',
  'registered_entries',
  'attested_nodes',
  'federated_trust_domains',
  'ca_journals',
];

/**
 * Copies every row of every table, and then reads all of them again: the copy must have as many, and the same. Nothing else
 * may use either database meanwhile. `onProgress` is told how many rows are copied so far. What it throws must undo the transaction. Error: `data-loss` for a copy that differs.
 */
export async function copyTables(
  source: Kysely<Schema>,
  target: Transaction<Schema>,
  kind: DatabaseKind,
  onProgress: (rows: number) => void = () => {},
): Promise<RowCounts> {
  const counts = emptyCounts();
  let done = 0;
  for (const table of TABLES) {
    const read = new Digest();
    await forEachPiece(source, table, async (rows) => {
      read.add(rows);
      for (let at = 0; at < rows.length; at += ROWS_A_STATEMENT) {
        // Of one table's columns; that they fit is what is compared afterwards.
        await target
          .insertInto(table)
          .values(rows.slice(at, at + ROWS_A_STATEMENT) as never)
          .execute();
      }
      done += rows.length;
      onProgress(done);
    });
    if (WITH_ID.includes(table)) await kind.skipRowIds?.(target, table);
    const written = new Digest();
    await forEachPiece(target, table, async (rows) => written.add(rows));
    if (!written.equals(read)) {
      throw new SpirekitError('data-loss', `the copy of table ${table} differs from the original; nothing was copied`);
    }
    counts[table] = read.count;
  }
  return counts;
}

/** How many rows there are. */
export async function countRows(db: Kysely<Schema>): Promise<RowCounts> {
  const counts = emptyCounts();
  for (const table of TABLES) {
    const { rows } = await sql<{ count: number }>`select count(*) as count from ${sql.table(table)}`.execute(db);
    counts[table] = Number(rows[0]?.count);
  }
  return counts;
}

function emptyCounts(): Record<(typeof TABLES)[number], number> {
  return {
    ...{ bundles: 0, registered_entries: 0, entry_selectors: 0, entry_federations: 0, attested_nodes: 0 },
    ...{ node_selectors: 0, join_tokens: 0, federated_trust_domains: 0, ca_journals: 0 },
  };
}

const ORDER: Readonly<Record<string, readonly string[]>> = {
  entry_selectors: ['entry', 'selector'],
  entry_federations: ['entry', 'trust_domain'],
  node_selectors: ['node', 'selector'],
  join_tokens: ['token_digest'],
};

async function forEachPiece(
  db: Kysely<Schema>,
  table: string,
  work: (rows: readonly Row[]) => Promise<void> | void,
): Promise<void> {
  const order = sql.join((ORDER[table] ?? ['id']).map((column) => sql.ref(column)));
  for (let offset = 0; ; offset += PIECE) {
    const { rows } = await sql<Row>`
      select * from ${sql.table(table)} order by ${order} limit ${PIECE} offset ${offset}`.execute(db);
    await work(rows);
    if (rows.length < PIECE) return;
    await nextTurn();
  }
}

/** Tells sets of rows apart, in whatever order they come: databases sort texts in ways of their own. */
class Digest {
  count = 0;
  #sum = 0n;

  add(rows: readonly Row[]): void {
    for (const row of rows) {
      this.count += 1;
      this.#sum = BigInt.asUintN(256, this.#sum + hashOf(row));
    }
  }

  equals(other: Digest): boolean {
    return this.count === other.count && this.#sum === other.#sum;
  }
}

function hashOf(row: Row): bigint {
  const columns = Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify(
    columns.map(([name, value]) => [name, value instanceof Uint8Array ? toHex(value) : value]),
  );
  return BigInt(`0x${createHash('sha256').update(text).digest('hex')}`);
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
