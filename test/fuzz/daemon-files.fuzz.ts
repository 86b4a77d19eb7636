import { parseDaemonArguments } from '../../src/lib/doctor/daemon-arguments.ts';
import { parseOpenFileLimit } from '../../src/lib/doctor/open-file-limit.ts';
import { parseSqliteHeader } from '../../src/lib/doctor/sqlite-header.ts';

/** Whatever another program left in these files is read to something bounded, without an error. */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  const { flags } = parseDaemonArguments(text);
  if (flags.size > 1000) throw new Error('more flags than arguments are looked at');
  const limit = parseOpenFileLimit(text);
  if (limit !== undefined && !Number.isSafeInteger(limit)) throw new Error('a limit that is no number');
  const header = parseSqliteHeader(bytes);
  if (header !== undefined && (header.pageSize < 512 || header.pageSize > 65_536)) throw new Error('an odd page size');
}
