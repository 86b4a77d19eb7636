import { createHash } from 'node:crypto';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { formatJournal, parseJournal } from '../../src/lib/server/ca/journal-format.ts';

/**
 * Any bytes are refused as data loss, or are a journal that is written the same way again; also below a header that
 * fits them, since the checksum would keep every change away from what is behind it.
 */
export function target(bytes: Uint8Array): void {
  check(bytes);
  const body = Buffer.from(bytes).toString('utf8');
  const sum = createHash('sha256').update(body).digest('hex');
  check(Buffer.from(`spirekit-ca-journal 1 ${sum}\n${body}`));
}

function check(bytes: Uint8Array): void {
  let record: ReturnType<typeof parseJournal>;
  try {
    record = parseJournal(bytes);
  } catch (error) {
    if (error instanceof SpirekitError && error.code === 'data-loss') return;
    throw error;
  }
  const again = parseJournal(formatJournal(record));
  if (JSON.stringify(again) !== JSON.stringify(record)) throw new Error('a journal changed by being written again');
}
