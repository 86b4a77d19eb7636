import { SpirekitError } from '../runtime/errors.ts';
import { goQuote } from '../runtime/go-quote.ts';
import { parseLogLevel } from '../runtime/log-level.ts';
import { logLevelToWire } from '../wire/convert/log-level.ts';
import type { LogLevel } from '../wire/gen/spire/api/types/logger.ts';

/**
 * The level that `-level` names, as the logger API has it.
 *
 * @throws SpirekitError `invalid-argument` in SPIRE's words
 */
export function parseApiLogLevel(text: string): LogLevel {
  if (text === '') throw new SpirekitError('invalid-argument', 'a value (-level) must be set');
  try {
    return logLevelToWire(parseLogLevel(text));
  } catch (cause) {
    throw new SpirekitError('invalid-argument', `the value ${goQuote(text)} is not a valid setting`, { cause });
  }
}
