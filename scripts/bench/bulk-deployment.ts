import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Deployment } from '../../test/support/deployment.ts';
import type { Programs } from '../../test/support/programs.ts';

/** A server that is to hold many entries; its datastore is an SQLite file unless told otherwise. */
export async function openForBulk(daemons: Programs, datastore?: string): Promise<Deployment> {
  return await Deployment.open({ daemons, logLevel: 'INFO', ...(datastore === undefined ? {} : { datastore }) });
}

/** Writes a file with entries of three selectors each; the series tells the SPIFFE IDs of several files apart. */
export function writeEntryData(deployment: Deployment, series: string, count: number): string {
  const entries = Array.from({ length: count }, (_, index) => ({
    spiffe_id: `spiffe://${deployment.trustDomain}/ns/team-${index % 50}/${series}-${index}`,
    parent_id: `spiffe://${deployment.trustDomain}/host`,
    selectors: [`uid:${index}`, `gid:${index % 100}`, `path:/usr/bin/app-${index}`].map((value) => ({
      type: 'unix',
      value,
    })),
    x509_svid_ttl: 3600,
  }));
  const path = join(deployment.folder, `${series}.json`);
  writeFileSync(path, JSON.stringify({ entries }));
  return path;
}
