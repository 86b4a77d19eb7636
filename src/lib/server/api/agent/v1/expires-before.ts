import { SpirekitError } from '../../../../runtime/errors.ts';
import { goQuote } from '../../../../runtime/go-quote.ts';

/** `2006-01-02 15:04:05 -0700 -07` in Go's notation. */
const LAYOUT = /^(\d{4})-(\d\d)-(\d\d) +(\d{1,2}):(\d\d):(\d\d)(?:[.,]\d+)? +[+-]\d{4} +([+-]\d\d)$/;

/**
 * The moment of `by_expires_before` in seconds since the Unix epoch. The offset comes twice and the second one counts, as
 * in Go.
 *
 * Error: `invalid-argument`; SPIRE instead takes a moment that it cannot read for no filter at all, and a client that
 * deletes what it gets would delete everything.
 */
export function parseExpiresBefore(text: string): number {
  const match = LAYOUT.exec(text);
  if (match === null) throw malformed(text);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, offsetHours = 0] = match.slice(1).map(Number);
  const date = new Date(0);
  // Unlike Date.UTC this takes the years up to 99 as they are.
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const isReal =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  if (!isReal) throw malformed(text);
  return date.getTime() / 1000 - offsetHours * 3600;
}

function malformed(text: string): SpirekitError {
  return new SpirekitError('invalid-argument', `malformed expires before filter: cannot parse ${goQuote(text)}`);
}
