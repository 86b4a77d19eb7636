import { resolve } from 'node:path';
import { readSmallFile } from '../file-access.ts';
import { MAX_TEXT_LENGTH } from '../hcl/parse.ts';
import type { PluginDataSource } from './plugins.ts';

/**
 * The text of a plugin's settings; empty if it has none.
 *
 * @param options `cwd`: folder that a relative path starts from; default: that of the process
 * @throws {ConfigError} code `invalid-config`, in Go's words, for a file that cannot be read or is too large
 */
export async function loadPluginData(
  source: PluginDataSource,
  options: { readonly cwd?: string; readonly signal?: AbortSignal | undefined } = {},
): Promise<string> {
  switch (source.kind) {
    case 'none':
      return '';
    case 'fixed':
      return source.hcl;
    case 'file': {
      const path = resolve(options.cwd ?? process.cwd(), source.path);
      const bytes = await readSmallFile(path, source.path, { limit: MAX_TEXT_LENGTH, signal: options.signal });
      return new TextDecoder().decode(bytes);
    }
  }
}
