import { SpirekitError } from '../../src/lib/runtime/errors.ts';
import { formatGoDuration, parseGoDuration } from '../../src/lib/runtime/go-duration.ts';

/** Any text is refused as an argument, or is a 64-bit duration that comes back after being written. */
export function target(bytes: Uint8Array): void {
  let nanoseconds: bigint;
  try {
    nanoseconds = parseGoDuration(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    if (error instanceof SpirekitError && error.code === 'invalid-argument' && !error.message.includes('\n')) return;
    throw error;
  }
  if (BigInt.asIntN(64, nanoseconds) !== nanoseconds) throw new Error('more than 64 bits');
  const text = formatGoDuration(nanoseconds);
  if (!/^-?(?:\d+h)?(?:\d+m)?(?:\d+(?:\.\d+)?(?:s|ms|µs|ns))$/.test(text))
    throw new Error(`not as Go writes it: ${text}`);
  if (parseGoDuration(text) !== nanoseconds) throw new Error('a duration changed by being written');
}
