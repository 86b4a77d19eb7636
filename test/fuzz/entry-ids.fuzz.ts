import { parseEntryIds } from '../../src/lib/cli/entry-data.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';

/** Any bytes are refused with a code, or are a list of texts that stands in them. */
export function target(bytes: Uint8Array): void {
  let ids: string[];
  try {
    ids = parseEntryIds(bytes);
  } catch (error) {
    if (error instanceof SpirekitError && ['invalid-encoding', 'invalid-argument'].includes(error.code)) return;
    throw error;
  }
  const again = parseEntryIds(Buffer.from(JSON.stringify({ ids })));
  if (JSON.stringify(again) !== JSON.stringify(ids)) throw new Error('the list changed by being written');
}
