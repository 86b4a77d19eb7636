import type { Compilable, CompiledQuery } from 'kysely';
import { nextTurn } from '../../../runtime/next-turn.ts';
import type { Queries } from './session.ts';

/** Rows in one statement at most: a few thousand parameters, of which every database takes many more. */
const MOST_ROWS = 128;

/**
 * Inserts many rows of one table, a good number in each statement, and lets others have their turn between two of them.
 * To build a statement takes longer than to run it, so each is built once for its number of rows, and there are few such
 * numbers: the powers of two. One belongs to one database.
 */
export class RowInserter<Row extends object, Returned = never> {
  readonly #build: (tx: Queries, rows: readonly Row[]) => Compilable<Returned>;
  readonly #statements = new Map<number, CompiledQuery<Returned>>();

  /** @param build the statement for some rows; its parameters must be the values of the rows, one row after the other */
  constructor(build: (tx: Queries, rows: readonly Row[]) => Compilable<Returned>) {
    this.#build = build;
  }

  /** All rows must have the same columns in the same order. Returns what the statements return, in any order. */
  async insert(tx: Queries, rows: readonly Row[]): Promise<Returned[]> {
    const returned: Returned[] = [];
    for (let start = 0; start < rows.length; ) {
      if (start > 0) await nextTurn();
      const piece = rows.slice(start, start + pieceSize(rows.length - start));
      const parameters = piece.flatMap((row): unknown[] => Object.values(row));
      const query: CompiledQuery<Returned> = { ...this.#statement(tx, piece), parameters };
      const result = await tx.executeQuery(query);
      for (const row of result.rows) returned.push(row);
      start += piece.length;
    }
    return returned;
  }

  #statement(tx: Queries, rows: readonly Row[]): CompiledQuery<Returned> {
    const known = this.#statements.get(rows.length);
    if (known !== undefined) return known;
    const compiled = this.#build(tx, rows).compile();
    this.#statements.set(rows.length, compiled);
    return compiled;
  }
}

function pieceSize(rows: number): number {
  return 2 ** Math.floor(Math.log2(Math.min(rows, MOST_ROWS)));
}
