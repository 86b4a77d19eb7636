import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { parseOpenFileLimit } from '../../src/lib/runtime/open-file-limit.ts';
import { parseProcessStatus } from '../../src/lib/unixprocess/process-status.ts';
import { parseStatusTraits } from '../../src/lib/unixprocess/process-traits.ts';

/** Any text is refused as internal, or gives ids of 32 bits that stand in it; a limit is a number or none. */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  if (!Number.isSafeInteger(parseOpenFileLimit(text) ?? 0)) throw new Error('a limit that is no number');
  let ids: readonly number[];
  try {
    const { realUid, realGid, namespaceDepth } = parseStatusTraits(text);
    if (!(realUid <= 0xffff_ffff && realGid <= 0xffff_ffff && namespaceDepth >= 1)) throw new Error('no ids');
    const { effectiveUid, effectiveGid, supplementaryGids } = parseProcessStatus(text);
    ids = [effectiveUid, effectiveGid, ...supplementaryGids];
  } catch (error) {
    if (error instanceof SpirekitError && error.code === 'internal') return;
    throw error;
  }
  for (const id of ids) {
    if (!Number.isInteger(id) || id < 0 || id > 0xffff_ffff) throw new Error(`${id} is no id`);
    if (!text.includes(String(id)) && !/0\d/.test(text)) throw new Error(`${id} is not in the text`);
  }
}
