import { formatContexts, parseContexts } from '../../src/lib/cli/contexts/contexts.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';

/** Any text is refused as a configuration file, or is contexts that are the same when written and read again. */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  let written: string;
  try {
    written = formatContexts(parseContexts(text));
  } catch (error) {
    if (error instanceof SpirekitError && error.code === 'invalid-config') return;
    throw error;
  }
  if (formatContexts(parseContexts(written)) !== written) throw new Error('written and read again it is another');
}
