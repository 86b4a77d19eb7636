import { createHash } from 'node:crypto';
import { SpirekitError } from '../runtime/errors.ts';
import type { Entry } from '../wire/gen/spire/api/types/entry.ts';
import { idName } from './entry-fields.ts';
import { formatEntryData, formatEntryYaml, formatStaticEntries } from './entry-writing.ts';

/** How entries are written. */
export type ExportFormat = 'json' | 'yaml' | 'cluster-static-entry';

const FORMATS: Readonly<Record<ExportFormat, (entries: readonly Entry[]) => string>> = {
  json: formatEntryData,
  yaml: formatEntryYaml,
  'cluster-static-entry': formatStaticEntries,
};

/** @throws SpirekitError `usage` */
export function parseExportFormat(word: string): ExportFormat {
  if (Object.hasOwn(FORMATS, word)) return word as ExportFormat;
  throw new SpirekitError('usage', `-format is one of ${Object.keys(FORMATS).join(', ')}, not ${JSON.stringify(word)}`);
}

/** The text of one file. */
export function formatExport(entries: readonly Entry[], format: ExportFormat): string {
  return FORMATS[format](entries);
}

/** A file for each parent, by a name that tells which: `host.yaml`, `spire-server.yaml`. */
export function exportFiles(entries: readonly Entry[], format: ExportFormat): ReadonlyMap<string, string> {
  const byParent = new Map<string, Entry[]>();
  for (const entry of entries) {
    const parent = idName(entry.parentId);
    const siblings = byParent.get(parent);
    if (siblings === undefined) byParent.set(parent, [entry]);
    else siblings.push(entry);
  }
  const files = new Map<string, string>();
  for (const [parent, siblings] of byParent) {
    const ending = format === 'json' ? 'json' : 'yaml';
    const name = fileNameOf(parent);
    const digest = createHash('sha256').update(parent).digest('hex').slice(0, 12);
    const path = files.has(`${name}.${ending}`) ? `${name}-${digest}.${ending}` : `${name}.${ending}`;
    files.set(path, formatExport(siblings, format));
  }
  return files;
}

/** Longer names do not fit into all file systems. */
const LONGEST_NAME = 100;

function fileNameOf(parent: string): string {
  const path = parent.replace(/^spiffe:\/\/[^/]*\/?/, '').replace(/[^A-Za-z0-9_-]+/g, '-');
  const name = path.replace(/^-+|-+$/g, '').slice(0, LONGEST_NAME);
  return name === '' ? 'entries' : name;
}
