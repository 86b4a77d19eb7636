import { SpirekitError } from '../../../runtime/errors.ts';
import { ResourceStack } from '../../../runtime/resource-stack.ts';
import type { SqlSettings } from '../../catalog/sql-settings.ts';
import type { OpenSoleOptions, SoleDatabase } from '../copy/sole-database.ts';
import { requireLatest } from '../sql/migrations.ts';
import { hasOurTables } from '../sql/ownership.ts';
import { connectPostgres } from './connect.ts';
import { LOCKS } from './locks.ts';
import { nameOf, openDatabase, within } from './open-postgres-data-store.ts';
import { fromPostgresError } from './postgres-errors.ts';
import { postgresKind } from './postgres-kind.ts';
import { prepareSchema, refuseForeignTables } from './prepare-schema.ts';

/** Takes the lock that running servers share, for itself. */
export async function openSolePostgres(
  { settings, limits }: SqlSettings & { type: 'postgres' },
  { clock, signal }: OpenSoleOptions,
): Promise<SoleDatabase> {
  await using opening = new ResourceStack();
  try {
    const presence = await connectPostgres(settings);
    opening.defer(() => presence.end().catch(() => undefined));
    const { rows } = await presence.query<{ got: boolean | null }>(
      // The second one keeps out a server whose own lock went with a connection that it has not opened again yet.
      `select pg_try_advisory_lock(${LOCKS.servers}, hashtext(current_schema()))
        and pg_try_advisory_lock(${LOCKS.writers}, hashtext(current_schema())) as got`,
    );
    if (rows[0]?.got === null)
      throw new SpirekitError('failed-precondition', 'no schema of the search_path exists in it');
    if (rows[0]?.got !== true)
      throw new SpirekitError('failed-precondition', 'a server runs on it: stop all of them first');
    const db = opening.use(openDatabase(settings, { limits, clock }));
    await refuseForeignTables(db);
    const hasTables = await hasOurTables(db, postgresKind);
    const moved = opening.move();
    return {
      name: `PostgreSQL database ${nameOf(settings)}`,
      db,
      kind: postgresKind,
      hasTables,
      makeTables: () => prepareSchema(db, { disableMigration: false, clock, signal }),
      requireTables: () => requireLatest(db, postgresKind),
      [Symbol.asyncDispose]: () => moved.disposeAsync(),
    };
  } catch (error) {
    throw within(settings, fromPostgresError(error));
  }
}
