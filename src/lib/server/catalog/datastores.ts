import type { Clock } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/logger.ts';
import type { DataStore } from '../datastore/datastore.ts';
import type { BuiltInPlugins } from './built-in-plugin.ts';

/** What datastores may use of the server. */
export interface DataStoreDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal | undefined;
}

/** The datastores that come with the server. The one plugin is called `sql`, as in SPIRE. */
export const datastores: BuiltInPlugins<DataStoreDeps, DataStore> = {
  sql: async () => (await import('./sql-datastore.ts')).sqlDatastore,
};
