import type { Kysely } from 'kysely';
import type { DatabaseKind } from './database-kind.ts';
import { findDoneSteps } from './migrations.ts';
import type { Schema } from './schema.ts';

/**
 * What to say of a database whose tables are not ours. SPIRE's are told by their names.
 *
 * @param remedy what to do, beside bringing the contents over
 */
export function whyForeign(tables: ReadonlySet<string>, remedy: string): string {
  return tables.has('migrations') && tables.has('registered_entries')
    ? `belongs to a SPIRE server and was left untouched: ${remedy}, and bring its contents over with "spirekit server import"`
    : `is a database of another program and was left untouched: ${remedy}`;
}

/** Whether a database has tables that this program made. */
export async function hasOurTables(db: Kysely<Schema>, kind: DatabaseKind): Promise<boolean> {
  return (await findDoneSteps(db, kind)).length > 0;
}
