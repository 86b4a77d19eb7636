import { formatKeysFile, parseKeysFile } from '../../src/lib/keymanager/keys-file.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';

/** Any text is refused as data loss, or is a file of keys that is written with the same ids again. */
export function target(bytes: Uint8Array): void {
  let keys: ReturnType<typeof parseKeysFile>;
  try {
    keys = parseKeysFile(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    if (error instanceof SpirekitError && error.code === 'data-loss') return;
    throw error;
  }
  const again = parseKeysFile(formatKeysFile(keys));
  const ids = [...keys.keys()];
  if (again.size !== keys.size || !ids.every((id) => again.has(id))) throw new Error('a key was lost');
}
