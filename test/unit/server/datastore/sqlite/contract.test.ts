import { openSqliteDataStore } from '../../../../../src/lib/server/datastore/sqlite/open-sqlite-data-store.ts';
import { ManualClock } from '../../../../support/manual-clock.ts';
import { describeDataStore } from '../contract.ts';
import { TemporaryFolder } from '../temporary-folder.ts';

describeDataStore('the SQLite datastore in a file', async () => {
  const folder = await TemporaryFolder.make();
  const clock = new ManualClock();
  const store = await openSqliteDataStore({ path: folder.file('datastore.sqlite3'), clock });
  const dispose = store[Symbol.asyncDispose].bind(store);
  store[Symbol.asyncDispose] = async () => {
    await dispose();
    await folder[Symbol.asyncDispose]();
  };
  return { store, clock };
});

describeDataStore('the SQLite datastore in memory', async () => {
  const clock = new ManualClock();
  return { store: await openSqliteDataStore({ path: ':memory:', clock }), clock };
});
