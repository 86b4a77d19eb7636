import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAgentData } from '../../../src/lib/agent/storage/agent-data.ts';
import { parseKeysFile } from '../../../src/lib/keymanager/keys-file.ts';
import { type FileModes, findTarget } from '../data-folder-files.ts';

/** SQLite keeps this beside a new database until it has a log. */
const EARLY_FILES: FileModes = { 'datastore.sqlite3-journal': 0o640 };

/**
 * Throws if a file of the folder is open wider than it may be; one that is on its way to its place must not be wider
 * than what it is to become, and there must be no others.
 */
export function checkModes(folder: string, widest: FileModes): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const allowed = { ...EARLY_FILES, ...widest }[findTarget(name) ?? name];
    if (allowed === undefined) throw new Error(`there is a file ${name}`);
    const mode = lstatSync(join(folder, name)).mode & 0o7777;
    if ((mode & ~allowed) !== 0) throw new Error(`${name} has mode ${mode.toString(8)}`);
  }
}

/** Throws if a server's `keys.json` is there and not whole. Returns its text. */
export function checkKeys(folder: string): string | undefined {
  return checkWhole(join(folder, 'keys.json'), parseKeysFile);
}

/** Throws if an agent's `agent-data.json` is there and not whole. Returns its text. */
export function checkAgentData(folder: string): string | undefined {
  return checkWhole(join(folder, 'agent-data.json'), parseAgentData);
}

function checkWhole(path: string, parse: (text: string) => unknown): string | undefined {
  if (!existsSync(path)) return undefined;
  const text = readFileSync(path, 'utf8');
  parse(text);
  return text;
}
