import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errnoOf, ioReason } from '../../runtime/io-reason.ts';
import type { Check } from '../check.ts';
import { fileWords } from '../file-words.ts';
import type { ServerPatient } from '../patient.ts';
import { parseSqliteHeader, SQLITE_HEADER_BYTES } from '../sqlite-header.ts';

/** The head of the server's SQLite file. The database is not opened: even reading would make files beside it. */
export const datastoreFile: Check<ServerPatient> = {
  name: 'datastore file',
  async look(patient) {
    const path = sqliteFileOf(patient);
    if (path === undefined) return { skipped: 'the datastore is no SQLite file, or which one is not known' };
    try {
      await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const status = await file.stat();
      const evidence = [fileWords(status), `${status.size} bytes`];
      if (status.size === 0 && patient.process === undefined) return [];
      const { buffer, bytesRead } = await file.read(Buffer.alloc(SQLITE_HEADER_BYTES), 0, SQLITE_HEADER_BYTES, 0);
      const header = parseSqliteHeader(buffer.subarray(0, bytesRead));
      const wanted = header?.pages === undefined ? 0 : header.pages * header.pageSize;
      const remedy =
        'stop the server and restore the file from a backup, with `spirekit server datastore copy` or by hand';
      const damaged = { code: 'SPK-4072', severity: 'error', subject: path, remedy } as const;
      // A database that was just begun has its head in the journal beside it.
      if (header === undefined && status.size > 0) {
        return [{ ...damaged, message: 'the file is no SQLite database', evidence }];
      }
      if (status.size < wanted || (header !== undefined && status.size % header.pageSize !== 0)) {
        return [
          { ...damaged, message: 'the database is cut off', evidence: [...evidence, `${wanted} bytes by its head`] },
        ];
      }
      if ((status.mode & 0o007) === 0) return [];
      return [
        {
          code: 'SPK-4061',
          severity: (status.mode & 0o002) === 0 ? 'warning' : 'error',
          subject: path,
          message: 'every user of this machine can open the datastore',
          evidence,
          remedy: `\`chmod 0640 ${path}\``,
        },
      ];
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') return { skipped: `${path}: ${ioReason(error)}` };
      if (patient.process === undefined) return { skipped: `${path} is not there yet` };
      return [
        {
          code: 'SPK-4072',
          severity: 'error',
          subject: path,
          message: 'the server runs, and the file of its datastore is gone',
          remedy: 'do not stop the server before its contents are out: `spirekit server export --to-file export.json`',
        },
      ];
    }
  },
};

function sqliteFileOf({ config, process, surroundings }: ServerPatient): string | undefined {
  if (config.kind !== 'valid') return undefined;
  const plugin = config.value.plugins.find(({ type, name }) => type === 'DataStore' && name === 'sql');
  if (plugin?.data.kind !== 'fixed' || !/database_type"?\s*[=:]\s*"sqlite3"/.test(plugin.data.hcl)) return undefined;
  const [, setting] = /connection_string"?\s*[=:]\s*"([^"\\]*)"/.exec(plugin.data.hcl) ?? [];
  if (setting === undefined || setting.includes(':memory:')) return undefined;
  const path = setting.replace(/^file:(?:\/\/)?/, '').replace(/\?.*$/s, '');
  return resolve(process?.workingFolder ?? surroundings.cwd, path);
}
