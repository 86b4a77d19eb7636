import { SpirekitError } from '../runtime/errors.ts';
import { goQuote } from '../runtime/go-quote.ts';
import { parseLogLevel } from '../runtime/log-level.ts';
import { LogLevel } from '../wire/gen/spire/api/types/logger.ts';

/**
 * The level that `-level` names, as the logger API has it.
 *
 * @throws SpirekitError `invalid-argument` in SPIRE's words
 */
export function parseApiLogLevel(text: string): LogLevel {
  if (text === '') throw new SpirekitError('invalid-argument', 'a value (-level) must be set');
  try {
    const level = parseLogLevel(text);
    return LogLevel[API_NAMES[level]];
  } catch (cause) {
    throw new SpirekitError('invalid-argument', `the value ${goQuote(text)} is not a valid setting`, { cause });
  }
}

const API_NAMES = {
  panic: 'PANIC',
  fatal: 'FATAL',
  error: 'ERROR',
  warning: 'WARN',
  info: 'INFO',
  debug: 'DEBUG',
  trace: 'TRACE',
} as const;
