import type { RegistrationEntry } from '../../../../spiffe/registration-entry.ts';

/**
 * Bytes of entries that one message carries at most. Go's clients refuse messages over 4 MiB; what an entry takes is only
 * estimated here, and headers come on top.
 */
const LARGEST_MESSAGE_BYTES = 3 * 1024 * 1024;

/** How many of the entries, from the first on, fit into one message; at least 1. */
export function countFitting(entries: readonly RegistrationEntry[]): number {
  let bytes = 0;
  for (const [index, entry] of entries.entries()) {
    bytes += estimateEntryBytes(entry);
    if (bytes > LARGEST_MESSAGE_BYTES) return Math.max(1, index);
  }
  return entries.length;
}

/** About how many bytes an entry takes on the wire, rather too many than too few. */
function estimateEntryBytes(entry: RegistrationEntry): number {
  let bytes = 128 + entry.id.length + 2 * entry.spiffeId.path.length + 2 * entry.parentId.path.length;
  bytes += Buffer.byteLength(entry.hint);
  for (const { type, value } of entry.selectors) bytes += 12 + Buffer.byteLength(type) + Buffer.byteLength(value);
  for (const name of entry.dnsNames) bytes += 6 + name.length;
  for (const { name } of entry.federatesWith) bytes += 6 + name.length;
  return bytes;
}
