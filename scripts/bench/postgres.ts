import { Deployment } from '../../test/support/deployment.ts';
import { whyNoPostgres } from '../../test/support/postgres-kit.ts';
import { PostgresServer } from '../../test/support/postgres-server.ts';
import { ours } from '../../test/support/programs.ts';
import { writeEntryData } from './bulk-deployment.ts';
import { timeProcess } from './process-time.ts';
import type { BenchRow, RowGroup } from './row.ts';
import { summarise } from './statistics.ts';

const ENTRIES = 10_000;
const NAME = `entry create of ${ENTRIES} on PostgreSQL`;

/** What thousands of entries cost on a PostgreSQL that waits for its disk. No row where there is none. */
export function postgresRows(runs: number): RowGroup {
  return {
    names: whyNoPostgres() === undefined ? [NAME] : [],
    measure: async (isWanted) => (isWanted(NAME) && whyNoPostgres() === undefined ? [await measureCreate(runs)] : []),
  };
}

async function measureCreate(runs: number): Promise<BenchRow> {
  await using postgres = await PostgresServer.open({ isDurable: true });
  const tookMs: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const connection = postgres.connectionString(await postgres.createDatabase());
    await using deployment = await Deployment.open({
      logLevel: 'INFO',
      datastore: `database_type = "postgres"\nconnection_string = "${connection}"`,
    });
    const data = writeEntryData(deployment, 'some', ENTRIES);
    const args = ['entry', 'create', '-data', data, '-socketPath', deployment.serverSocket];
    tookMs.push(await timeProcess({ program: ours.server, args }));
  }
  return { name: NAME, unit: 'ms', ours: summarise(tookMs), limits: [{ kind: 'at most', value: 3000 }] };
}
