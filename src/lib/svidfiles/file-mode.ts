import { SpirekitError } from '../runtime/errors.ts';
import { goQuote } from '../runtime/go-quote.ts';

/** What files have unless a person says otherwise. */
export const DEFAULT_MODES = { mode: 0o644, keyMode: 0o600 } as const;

/**
 * Reads permission bits as `chmod` takes them in octal: `0640`, `640`. The owner must be able to read, and others must
 * not be able to write: whoever writes an identity has it.
 *
 * @throws SpirekitError `usage`
 */
export function parseFileMode(text: string): number {
  if (!/^0?[0-7]{3}$/.test(text)) {
    throw new SpirekitError('usage', `${goQuote(text)} is no file mode: give it in octal, as 0640`);
  }
  const mode = Number.parseInt(text, 8);
  if ((mode & 0o400) === 0) throw new SpirekitError('usage', `with the mode ${text} its owner could not read the file`);
  if ((mode & 0o002) !== 0) throw new SpirekitError('usage', `with the mode ${text} everybody could write the file`);
  return mode;
}
