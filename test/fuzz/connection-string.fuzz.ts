import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { IN_MEMORY, parseConnectionString } from '../../src/lib/server/datastore/sqlite/connection-string.ts';

/** Any text is refused as configuration, or names a file whose path stands in it and which its escapes name too. */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  let path: string;
  try {
    path = parseConnectionString(text);
  } catch (error) {
    if (error instanceof SpirekitError && error.code === 'invalid-config') return;
    throw error;
  }
  if (path === '' || path.includes('\0')) throw new Error('not the path of a file');
  if (path === IN_MEMORY) return;
  if (!text.includes('%') && (!text.includes(path) || /[?#]/.test(path))) throw new Error('a path that nobody wrote');
  const escaped = encodeURIComponent(path.toWellFormed()).replaceAll('%2F', '/');
  if (parseConnectionString(`file:${escaped}`) !== path && !path.startsWith('//')) throw new Error('another file');
}
