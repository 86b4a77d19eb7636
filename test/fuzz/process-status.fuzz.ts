import { parseProcessStatus } from '../../src/lib/agent/plugin/workloadattestor/unix/process-status.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';

/** Any text is refused as internal, or gives ids of 32 bits that stand in it. */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  let ids: readonly number[];
  try {
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
