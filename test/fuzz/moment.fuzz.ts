import { parseMoment } from '../../src/lib/cli/rotation-flags.ts';
import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { utcTime } from '../../src/lib/runtime/utc-time.ts';

/** Any text is refused as usage, or is a moment that comes back from its own text. */
export function target(bytes: Uint8Array): void {
  const text = Buffer.from(bytes).toString('utf8');
  let ms: number | undefined;
  try {
    ms = parseMoment('at', text);
  } catch (error) {
    if (error instanceof SpirekitError && error.code === 'usage') return;
    throw error;
  }
  if (ms === undefined) {
    if (text !== '') throw new Error('no moment');
    return;
  }
  if (ms < 0 || ms > Date.UTC(9999, 11, 31)) return;
  if (parseMoment('at', utcTime(ms)) !== Math.floor(ms / 1000) * 1000) throw new Error('another moment');
}
