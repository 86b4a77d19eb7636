import { readFile } from 'node:fs/promises';
import type { PluginDataSource } from '../../config/section/plugins.ts';
import { SpirekitError } from '../../runtime/errors.ts';

/** The text of a plugin's settings; empty if it has none. Error: `io-error`. */
export async function loadPluginData(source: PluginDataSource): Promise<string> {
  switch (source.kind) {
    case 'none':
      return '';
    case 'fixed':
      return source.hcl;
    case 'file':
      return readFile(source.path, 'utf8').catch((cause: unknown) => {
        throw new SpirekitError('io-error', describeReadError(source.path, cause), { cause });
      });
  }
}

/** As Go says it. */
function describeReadError(path: string, cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT') return `open ${path}: no such file or directory`;
  if (code === 'EACCES') return `open ${path}: permission denied`;
  if (code === 'EISDIR') return `read ${path}: is a directory`;
  return `open ${path}: ${SpirekitError.from(cause).message}`;
}
