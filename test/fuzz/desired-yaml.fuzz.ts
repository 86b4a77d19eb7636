import type { DesiredState } from '../../src/lib/desiredentries/desired-entry.ts';
import { parseDesiredDocuments } from '../../src/lib/desiredentries/desired-file.ts';
import { fieldChanges } from '../../src/lib/desiredentries/entry-fields.ts';
import { formatEntryYaml, formatStaticEntries, lostInStaticEntry } from '../../src/lib/desiredentries/entry-writing.ts';
import { SourceFile } from '../../src/lib/desiredentries/source-file.ts';
import { parseYamlSource } from '../../src/lib/desiredentries/yaml-source.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import type { Entry } from '../../src/lib/wire/gen/spire/api/types/entry.ts';

/** Any text is refused with a code, or holds entries that are the same when they are written and read again. */
export function target(bytes: Uint8Array): void {
  const state = readState(Buffer.from(bytes).toString('utf8'));
  if (state === undefined) return;
  const entries = state.entries.map(({ entry }) => entry);
  compare(entries, formatEntryYaml(entries));
  const whole = entries.filter((entry) => lostInStaticEntry(entry).length === 0);
  if (whole.length > 0) compare(whole, formatStaticEntries(whole));
}

function compare(entries: readonly Entry[], text: string): void {
  const again = readState(text);
  if (again?.entries.length !== entries.length) throw new Error('entries are lost');
  for (const [index, entry] of entries.entries()) {
    const other = again.entries[index]?.entry;
    if (other === undefined || fieldChanges(other, entry).length > 0) throw new Error('an entry differs');
  }
}

function readState(text: string): DesiredState | undefined {
  const source = new SourceFile('f', text);
  try {
    return parseDesiredDocuments(source, parseYamlSource(source));
  } catch (error) {
    if (error instanceof SpirekitError && error.message.startsWith('f:')) return undefined;
    throw error;
  }
}
