import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { parseFileMode } from '../../src/lib/svidfiles/file-mode.ts';
import { nameOf, parseFileNames } from '../../src/lib/svidfiles/file-names.ts';

/** Any text is refused, or gives names of files that stay in their folder, and modes that let not everybody write. */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  const names = orRefused(() => parseFileNames(text)) ?? {};
  for (const pattern of Object.values(names)) {
    const name = orRefused(() =>
      nameOf(pattern, { role: 'cert', data: '', isSecret: false, n: 0, m: 0, trustDomain: 'a.test' }),
    );
    if (name === undefined) continue;
    if (name === '' || name.includes('/') || name.includes('\0') || name === '.' || name.startsWith('..')) {
      throw new Error('a name that leads elsewhere');
    }
  }
  const mode = orRefused(() => parseFileMode(text));
  if (mode !== undefined && (mode & ~0o775) !== 0) throw new Error('a mode that is too wide');
}

function orRefused<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof SpirekitError && error.code === 'usage' && !error.message.includes('\n')) return undefined;
    throw error;
  }
}
