import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AGENT_FILES, type FileModes, findTarget, SERVER_FILES } from '../data-folder-files.ts';

/** SQLite begins its log anew at 1000 pages; one large write may go beyond. */
const LARGEST_LOG_BYTES = 8 * 1024 * 1024;

/** What a look at the data folders found. */
export interface StateFiles {
  readonly problems: readonly string[];
  /** Temporary files of killed processes; removed by a later write of the same file. */
  readonly leftovers: number;
}

/** Looks for files that are not there or should not be, or that others may read. */
export function lookAtStateFiles(serverDataDir: string, agentDataDir: string): StateFiles {
  const problems: string[] = [];
  let leftovers = 0;
  const look = (folder: string, expected: FileModes): void => {
    const names = readdirSync(folder);
    for (const [name, mode] of Object.entries(expected)) {
      if (!names.includes(name)) problems.push(`${name} is missing in ${folder}`);
      else if (modeOf(join(folder, name)) !== mode) {
        problems.push(`${name} in ${folder} has mode ${modeOf(join(folder, name)).toString(8)}`);
      }
    }
    for (const name of names.filter((found) => !Object.hasOwn(expected, found))) {
      const isLeftover = findTarget(name) !== undefined && (modeOf(join(folder, name)) & 0o137) === 0;
      if (isLeftover) leftovers += 1;
      else problems.push(`${name} is in ${folder}`);
    }
  };
  look(serverDataDir, SERVER_FILES);
  look(agentDataDir, AGENT_FILES);
  const log = statSync(join(serverDataDir, 'datastore.sqlite3-wal'), { throwIfNoEntry: false });
  if ((log?.size ?? 0) > LARGEST_LOG_BYTES) problems.push(`the log of the datastore has ${log?.size} bytes`);
  return { problems, leftovers };
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o7777;
}
