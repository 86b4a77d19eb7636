/** Files of a data folder, with the permission bits that each has when nothing is being written. */
export type FileModes = Readonly<Record<string, number>>;

/** What a running server has in its data folder. */
export const SERVER_FILES: FileModes = {
  'datastore.sqlite3': 0o640,
  'datastore.sqlite3-wal': 0o640,
  'keys.json': 0o600,
  'spirekit-server.json': 0o640,
};

/** What a running agent has in its data folder. */
export const AGENT_FILES: FileModes = { 'agent-data.json': 0o600, 'keys.json': 0o600 };

/** The file that a temporary file is to become; undefined for any other name. */
export function findTarget(name: string): string | undefined {
  return /^\.(.+)\.[0-9a-f]{16}\.tmp$/.exec(name)?.[1];
}
