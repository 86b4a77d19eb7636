import type { BuiltInPlugins } from '../../catalog/built-in-plugin.ts';
import type { DataStore } from '../datastore/datastore.ts';
import type { DataStoreDeps } from './datastore-deps.ts';

/** The datastores that come with the server. The one plugin is called `sql`, as in SPIRE. */
export const datastores: BuiltInPlugins<DataStoreDeps, DataStore> = {
  sql: async () => (await import('./sql-datastore.ts')).sqlDatastore,
};
