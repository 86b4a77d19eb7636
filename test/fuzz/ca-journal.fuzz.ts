import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { formatJournal, parseJournal } from '../../src/lib/server/ca/journal-format.ts';

/** Any bytes are refused as data loss, or are a journal that is written the same way again. */
export function target(bytes: Uint8Array): void {
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
