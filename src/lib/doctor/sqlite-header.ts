/** The head of an SQLite database (https://www.sqlite.org/fileformat.html, section 1.3). */
export interface SqliteHeader {
  readonly pageSize: number;
  /** How many pages the file should have; undefined where the head does not say so reliably. */
  readonly pages: number | undefined;
}

/** The head is so long. */
export const SQLITE_HEADER_BYTES = 100;

const MAGIC = 'SQLite format 3\0';

/** Reads the first bytes of a database file; undefined if they are not the head of one. */
export function parseSqliteHeader(bytes: Uint8Array): SqliteHeader | undefined {
  const head = Buffer.from(bytes);
  if (head.length < SQLITE_HEADER_BYTES || head.toString('latin1', 0, 16) !== MAGIC) return undefined;
  const written = head.readUInt16BE(16);
  const pageSize = written === 1 ? 65_536 : written;
  if (pageSize < 512 || (pageSize & (pageSize - 1)) !== 0) return undefined;
  const pages = head.readUInt32BE(28);
  // Old writers leave the count alone; it is right if both change counters agree.
  const isReliable = pages > 0 && head.readUInt32BE(24) === head.readUInt32BE(92);
  return { pageSize, pages: isReliable ? pages : undefined };
}
