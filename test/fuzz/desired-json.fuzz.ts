import type { DesiredState } from '../../src/lib/desiredentries/desired-entry.ts';
import { parseDesiredDocuments, parseJsonDocuments } from '../../src/lib/desiredentries/desired-file.ts';
import { fieldChanges } from '../../src/lib/desiredentries/entry-fields.ts';
import { formatEntryData } from '../../src/lib/desiredentries/entry-writing.ts';
import { parseJsonSource } from '../../src/lib/desiredentries/json-source.ts';
import { SourceFile } from '../../src/lib/desiredentries/source-file.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';

/** Any text is refused with a code and its place, or holds entries that are the same when they are written and read again. */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  checkSyntax(text);
  const state = readState(text);
  if (state === undefined) return;
  const entries = state.entries.map(({ entry }) => entry);
  const again = readState(formatEntryData(entries));
  if (again?.entries.length !== entries.length) throw new Error('entries are lost');
  for (const [index, entry] of entries.entries()) {
    const other = again.entries[index]?.entry;
    if (other === undefined || other.id !== entry.id || fieldChanges(other, entry).length > 0)
      throw new Error('an entry differs');
  }
}

function readState(text: string): DesiredState | undefined {
  const source = new SourceFile('f', text);
  try {
    return parseDesiredDocuments(source, parseJsonDocuments(source));
  } catch (error) {
    if (error instanceof SpirekitError && /^f:\d+:\d+: /.test(error.message)) return undefined;
    throw error;
  }
}

/** What is read is JSON to Node as well. */
function checkSyntax(text: string): void {
  let end: number;
  try {
    ({ end } = parseJsonSource(new SourceFile('f', text)));
  } catch (error) {
    if (error instanceof SpirekitError && error.code === 'invalid-encoding') return;
    throw error;
  }
  JSON.parse(text.slice(0, end));
}
