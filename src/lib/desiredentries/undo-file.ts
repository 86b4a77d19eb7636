import { writeFileAtomic } from '../runtime/atomic-file.ts';
import type { Entry } from '../wire/gen/spire/api/types/entry.ts';
import { formatEntryLine, listLines } from './entry-writing.ts';

/** What puts a server back to how it was. */
export interface Undo {
  /** Entries as they were before they were changed or removed. */
  readonly entries: readonly Entry[];
  /** Of entries that were not there. */
  readonly removeIds: readonly string[];
}

/** Writes it as a file of entries that also says which ones should not be there; `parseDesiredFile` reads it. */
export function formatUndo({ entries, removeIds }: Undo): string {
  const members = {
    schema: '"entry-undo/v1"',
    entries: listLines(entries.map(formatEntryLine)),
    remove_ids: listLines(removeIds.map((id) => JSON.stringify(id))),
  };
  const lines = Object.entries(members).map(([name, value]) => `  ${JSON.stringify(name)}: ${value}`);
  return `{\n${lines.join(',\n')}\n}\n`;
}

/**
 * Writes an undo file for its owner alone; it is on disk when the promise resolves, and nothing may be changed before.
 *
 * @throws SpirekitError `already-exists` if there is such a file, which may be the only way back from an earlier change;
 *   else as {@link writeFileAtomic}
 */
export async function writeUndoFile(path: string, undo: Undo): Promise<void> {
  await writeFileAtomic(path, formatUndo(undo), { mode: 0o600, isNew: true });
}
